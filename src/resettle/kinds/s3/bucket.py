"""S3 bucket. Its name is global, so the target's differs; objects come by the carrier, notifications last."""

from resettle.kind import Call, Kind, Make, Named, Read, Undo, distinct

KIND = Kind(
    "AWS::S3::Bucket",
    "s3",
    read=Read(
        list=Call("list_buckets", each="Buckets[].{Bucket: Name}"),
        item={"Bucket": "{self}"},
        detail=(
            Call("get_bucket_location", {"Bucket": "{Bucket}"}, into="Location"),
            Call(
                "get_bucket_encryption",
                {"Bucket": "{Bucket}"},
                missing=("ServerSideEncryptionConfigurationNotFoundError",),
            ),
        ),
        rename={"CreateBucketConfiguration": "Location.LocationConstraint && {LocationConstraint: Location.LocationConstraint}"},
        gone=("NoSuchBucket",),
    ),
    name=Named(id="Bucket", names={"name": distinct("Bucket")}, key=("Bucket",)),
    make=Make(
        calls=(
            Call("create_bucket", fields=("Bucket", "CreateBucketConfiguration")),
            Call("put_bucket_encryption", {"Bucket": "{self}"}, fields=("ServerSideEncryptionConfiguration",)),
        ),
        id="Bucket",
        taken=("BucketAlreadyExists", "BucketAlreadyOwnedByYou"),
    ),
    undo=Undo(delete=Call("delete_bucket", {"Bucket": "{self}"}), gone=("NoSuchBucket",)),
)
