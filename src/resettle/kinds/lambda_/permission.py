"""Permission of a Lambda function: one statement of its policy, as AddPermission takes it."""

from typing import Any

from resettle.kind import Call, Kind, Make, Named, Read, Undo

NOT_THERE = ("ResourceNotFoundException",)
# Lambda API Reference, AddPermission, and Developer Guide, "Resource-based policies": what each parameter becomes.
CONDITIONS = {
    ("arnlike", "aws:sourcearn"): "SourceArn",
    ("arnequals", "aws:sourcearn"): "SourceArn",
    ("stringequals", "aws:sourceaccount"): "SourceAccount",
    ("stringequals", "aws:principalorgid"): "PrincipalOrgID",
    ("stringequals", "lambda:eventsourcetoken"): "EventSourceToken",
    ("stringequals", "lambda:functionurlauthtype"): "FunctionUrlAuthType",
    ("bool", "lambda:invokedviafunctionurl"): "InvokedViaFunctionUrl",
}


def parameters(live: dict[str, Any]) -> dict[str, Any]:
    """A statement as the parameters of AddPermission that write it."""
    principal = live["Principal"]
    found = {
        "StatementId": live["Sid"],
        "Principal": principal if isinstance(principal, str) else next(iter(principal.values())),
    }
    for test, keys in live.get("Condition", {}).items():
        for key, value in keys.items():
            name = CONDITIONS.get((test.lower(), key.lower()))
            if name:
                found[name] = value
    if "InvokedViaFunctionUrl" in found:
        found["InvokedViaFunctionUrl"] = str(found["InvokedViaFunctionUrl"]).lower() == "true"
    return found


KIND = Kind(
    "AWS::Lambda::Permission",
    "lambda",
    read=Read(
        within="AWS::Lambda::Function",
        list=Call("get_policy", {"FunctionName": "{self}"}, parse="Policy", each="Policy.Statement[]", missing=NOT_THERE),
        inherit=("FunctionName",),
        derive=parameters,
        drop={
            "Condition": "taken apart into the parameters that wrote it",
            "Effect": "AddPermission only allows",
            "Resource": "the function itself",
        },
        gone=NOT_THERE,
    ),
    name=Named(id="Sid", key=("FunctionName", "StatementId"), refs={"FunctionName": "AWS::Lambda::Function"}),
    make=Make(
        calls=(Call("add_permission"),),
        id="StatementId",
        settles=5,
        # a principal that Lambda does not know yet; a change of the function in progress
        retry=("InvalidParameterValueException", "ResourceConflictException", *NOT_THERE),
    ),
    undo=Undo(
        delete=Call("remove_permission", {"FunctionName": "{FunctionName}", "StatementId": "{StatementId}"}),
        gone=NOT_THERE,
    ),
)
