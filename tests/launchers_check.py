"""What Dagster's launchers make of deploy/launchers: run by `make container-check` inside the image, which has them.
Not here: a night that one of them starts (container_check.py). No Kubernetes is reached: the job is made and looked at.
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import Any
from unittest.mock import patch

import dagster as dg
import yaml
from dagster._config import process_config

FOLDER = Path(__file__).parents[1] / "deploy" / "launchers"
# What a night needs to find in its container.
PLACES = {"/srv/arsverk", "/srv/arsverk-landing", "/etc/arsverk/municipalities", "/etc/arsverk/keys", "/tmp"}


def launcher(name: str) -> Any:
    """The launcher of a file, as Dagster makes it of the file.

    Raises:
        AssertionError: Dagster does not take the settings.
    """
    settings = yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))["run_launcher"]
    made_by = getattr(import_module(settings["module"]), settings["class"])
    read = process_config(made_by.config_type(), settings["config"])
    assert read.success, [error.message for error in read.errors or []]
    with patch("dagster_k8s.launcher.load_kubernetes_config"):
        return made_by.from_config_value(None, read.value)


def docker() -> None:
    """The options of the container are options of Docker's own client."""
    from docker.models.containers import _create_container_args

    made = launcher("docker.yaml")
    options = dict(made.get_container_context(dg.DagsterRun(job_name="night")).container_kwargs)
    given = _create_container_args({"image": made.image, "command": [], "version": "1.41", **options})
    host = given["host_config"]
    assert host["ReadonlyRootfs"] and host["CapDrop"] == ["ALL"] and host["SecurityOpt"] == ["no-new-privileges:true"], host
    assert {bind.split(":")[1] for bind in host["Binds"]} | set(host["Tmpfs"]) >= {
        "/srv/arsverk",
        "/srv/arsverk-landing",
        "/tmp",
    }


def kubernetes() -> None:
    """A night's job: no rights, and every volume, secret and folder that a night needs."""
    from dagster_k8s.job import construct_dagster_k8s_job
    from kubernetes.client import ApiClient

    made = launcher("kubernetes.yaml")
    context = made.get_container_context_for_run(dg.DagsterRun(job_name="night"))
    settings = context.get_k8s_job_config(job_image=None, run_launcher=made)
    job = construct_dagster_k8s_job(settings, ["dagster"], "night", user_defined_k8s_config=context.run_k8s_config)
    pod = ApiClient().sanitize_for_serialization(job)["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert pod["automountServiceAccountToken"] is False and pod["securityContext"]["runAsUser"] == 10001, pod
    rights = container["securityContext"]
    assert rights["readOnlyRootFilesystem"] and not rights["allowPrivilegeEscalation"], rights
    assert rights["capabilities"] == {"drop": ["ALL"]}, rights
    assert "command" not in container, "the image's own start script takes the arguments"
    assert {mount["mountPath"] for mount in container["volumeMounts"]} == PLACES
    assert {mount["name"] for mount in container["volumeMounts"]} == {volume["name"] for volume in pod["volumes"]}
    # A key of a secret that the file's head does not name would keep the pod from starting.
    assert [entry for entry in container["env"] if "valueFrom" in entry] == [], container["env"]
    assert container["envFrom"] == [{"secretRef": {"name": "arsverk-postgres"}}]


def main() -> None:
    docker()
    kubernetes()
    print("Dagster takes the settings of both launchers; a night's container and job have no rights and what a night needs")


if __name__ == "__main__":
    sys.exit(main())
