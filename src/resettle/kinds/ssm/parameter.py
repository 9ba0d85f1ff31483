"""SSM parameter by its current value. Versions and labels start anew; the value is carried sealed."""

from resettle.kind import Call, Human, Kind, Make, Named, Read, Undo, strong, weak

NOT_THERE = ("ParameterNotFound", "InvalidResourceId")

KIND = Kind(
    "AWS::SSM::Parameter",
    "ssm",
    read=Read(
        list=Call("describe_parameters", each="Parameters[]"),
        one={"ParameterFilters": [{"Key": "Name", "Option": "Equals", "Values": ["{self}"]}]},
        where="!starts_with(Name, '/aws/')",
        detail=(
            Call(
                "get_parameters",
                {"WithDecryption": True},
                each="Parameters[].{Name: Name, Value: Value, ARN: ARN}",
                batch=("Names", 10, "Name"),
            ),
        ),
        tags=Call("list_tags_for_resource", {"ResourceType": "Parameter", "ResourceId": "{Name}"}, at="TagList", into="Tags"),
        rename={"Policies": "Policies[0] && Policies[].PolicyText"},
        drop={
            "LastModifiedDate": "read only",
            "LastModifiedUser": "read only",
            "Version": "versions are counted anew",
        },
        json=("Policies[]",),
        sets=("Policies",),
        absent={"DataType": "text", "Tier": "Standard"},
        opaque=("Value",),
        blind={"!Value": "its value was not answered, and would be lost"},
        gone=NOT_THERE,
    ),
    name=Named(
        id="Name",
        names={"arn": strong("ARN"), "name": weak("Name")},
        key=("Name",),
        refs={"KeyId": "AWS::KMS::Alias"},
    ),
    make=Make(
        calls=(Call("put_parameter", {"Overwrite": False}),),
        id="Name",
        taken=("ParameterAlreadyExists",),
        settles=3,
        retry=("TooManyUpdates",),
    ),
    undo=Undo(delete=Call("delete_parameter", {"Name": "{self}"}), gone=NOT_THERE),
    human=Human(caveats=("versions start at 1 again: a pinned version (name:3) must be changed where it stands",)),
)
