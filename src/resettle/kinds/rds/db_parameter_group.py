"""RDS DB parameter group: the values that somebody set, formulae as they stand. `default.…` groups are AWS's own and never made."""

from resettle.kind import Call, Kind, Make, Named, Read, Undo, strong, weak

NOT_THERE = ("DBParameterGroupNotFound",)
SET_BY_USER = "Parameters[].{ParameterName: ParameterName, ParameterValue: ParameterValue, ApplyMethod: ApplyMethod}"

KIND = Kind(
    "AWS::RDS::DBParameterGroup",
    "rds",
    read=Read(
        list=Call("describe_db_parameter_groups", each="DBParameterGroups[]"),
        one={"DBParameterGroupName": "{self}"},
        where="!starts_with(DBParameterGroupName, 'default.')",
        detail=(
            Call(
                "describe_db_parameters",
                {"DBParameterGroupName": "{DBParameterGroupName}", "Source": "user"},
                each=SET_BY_USER,
                into="Parameters",
            ),
        ),
        tags=Call("list_tags_for_resource", {"ResourceName": "{DBParameterGroupArn}"}, at="TagList", into="Tags"),
        absent={"Parameters": []},
        sets=("Parameters",),
        gone=NOT_THERE,
    ),
    name=Named(
        id="DBParameterGroupName",
        names={"arn": strong("DBParameterGroupArn"), "name": weak("DBParameterGroupName")},
        key=("DBParameterGroupName",),
    ),
    make=Make(
        calls=(
            Call("create_db_parameter_group"),
            Call(
                "modify_db_parameter_group",
                {"DBParameterGroupName": "{self}"},
                fields=("Parameters",),
                when="Parameters",
                chunk=20,  # API Reference, ModifyDBParameterGroup
            ),
        ),
        id="DBParameterGroup.DBParameterGroupName",
        taken=("DBParameterGroupAlreadyExists",),
        settles=5,
        retry=("InvalidDBParameterGroupState", "DBParameterGroupNotFound"),
    ),
    undo=Undo(delete=Call("delete_db_parameter_group", {"DBParameterGroupName": "{self}"}), gone=NOT_THERE),
)
