"""Bucket policy: the one policy of a bucket, as CloudFormation has it a thing of its own."""

from resettle.kind import Call, Kind, Make, Named, Read, Undo

KIND = Kind(
    "AWS::S3::BucketPolicy",
    "s3",
    read=Read(
        within="AWS::S3::Bucket",
        list=Call("get_bucket_policy", {"Bucket": "{Bucket}"}, each="{Policy: Policy}", missing=("NoSuchBucketPolicy",)),
        inherit=("Bucket",),
        json=("Policy",),
        gone=("NoSuchBucket",),
    ),
    name=Named(id="", refs={"Bucket": "AWS::S3::Bucket"}),
    make=Make(
        calls=(Call("put_bucket_policy", fields=("Bucket", "Policy")),),
        settles=2,
        retry=("MalformedPolicy", "NoSuchBucket", "OperationAborted"),  # a principal that S3 does not know yet
    ),
    undo=Undo(delete=Call("delete_bucket_policy", {"Bucket": "{self}"}), gone=("NoSuchBucket", "NoSuchBucketPolicy")),
)
