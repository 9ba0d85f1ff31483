"""Makes Lambda functions from zips that are the same bytes on every run, and their permissions."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from typing import Any

from resettle_lab.seed.design import Function
from resettle_lab.seed.making import WAIT, Making

DATE = (2024, 3, 1, 9, 0, 0)


def archive(files: Mapping[str, str]) -> bytes:
    """Zip the files; the same files give the same bytes, whatever the clock says."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as zipped:
        for name, content in sorted(files.items()):
            entry = zipfile.ZipInfo(name, DATE)
            entry.external_attr = 0o644 << 16
            zipped.writestr(entry, content.encode())
    return buffer.getvalue()


def make(making: Making, functions: tuple[Function, ...]) -> None:
    """Make the functions, wait until each is active, then grant; learned as `function_arn:`."""
    client = making.client("lambda")
    for function in functions:
        request: dict[str, Any] = making.fill(dict(function.settings))
        if function.network:
            subnets, groups = function.network
            request["VpcConfig"] = {
                "SubnetIds": [making.values[f"subnet_id:{name}"] for name in subnets],
                "SecurityGroupIds": [making.values[f"group_id:{name}"] for name in groups],
            }
        made = client.create_function(
            FunctionName=function.name,
            Role=making.values[f"role_arn:{function.role}"],
            Code={"ZipFile": archive(function.code)},
            PackageType="Zip",
            **request,
        )
        making.learn("function_arn", function.name, made["FunctionArn"])
    for function in functions:
        client.get_waiter("function_active_v2").wait(FunctionName=function.name, WaiterConfig=WAIT)
        for grant in function.grants:
            client.add_permission(FunctionName=function.name, **making.fill(dict(grant)))
