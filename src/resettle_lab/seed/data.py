"""Makes databases with their groups, log groups, and the secrets and parameters that mention all the rest."""

from __future__ import annotations

from typing import Any

from resettle_lab.seed.design import Design
from resettle_lab.seed.making import WAIT, Making


def make_databases(making: Making, design: Design) -> None:
    """Make subnet groups, parameter groups and instances, and wait for their hosts; learned as `db_host:`."""
    rds = making.client("rds")
    for request in design.subnet_groups:
        rds.create_db_subnet_group(**making.fill(dict(request)))
    for request, parameters in design.parameter_groups:
        rds.create_db_parameter_group(**making.fill(dict(request)))
        changes = [_parameter(name, value) for name, value in parameters.items()]
        # ModifyDBParameterGroup takes at most 20 parameters a call.
        for start in range(0, len(changes), 20):
            name = request["DBParameterGroupName"]
            rds.modify_db_parameter_group(DBParameterGroupName=name, Parameters=changes[start : start + 20])
    for database in design.databases:
        rds.create_db_instance(DBInstanceIdentifier=database.name, **making.fill(dict(database.settings)))
    for database in design.databases:
        rds.get_waiter("db_instance_available").wait(DBInstanceIdentifier=database.name, WaiterConfig=WAIT)
        found = rds.describe_db_instances(DBInstanceIdentifier=database.name)["DBInstances"][0]
        making.learn("db_host", database.name, found["Endpoint"]["Address"])


def _parameter(name: str, value: str) -> dict[str, str]:
    method = "pending-reboot" if name.startswith("performance_schema") else "immediate"
    return {"ParameterName": name, "ParameterValue": value, "ApplyMethod": method}


def make_log_groups(making: Making, design: Design) -> None:
    """Make the log groups, with retention where one is given."""
    logs = making.client("logs")
    for name, days, tags in design.log_groups:
        logs.create_log_group(logGroupName=name, tags=dict(tags))
        if days:
            logs.put_retention_policy(logGroupName=name, retentionInDays=days)


def make_texts(making: Making, design: Design) -> None:
    """Make secrets (`secret_arn:`) and parameters, whose values name databases, queues and buckets."""
    manager = making.client("secretsmanager")
    for request in design.stored_secrets:
        made = manager.create_secret(**making.fill(dict(request)))
        making.learn("secret_arn", request["Name"], made["ARN"])
    ssm = making.client("ssm")
    for parameter in design.parameters:
        filled: dict[str, Any] = making.fill(dict(parameter))
        ssm.put_parameter(**filled)
