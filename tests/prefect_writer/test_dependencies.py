"""`pyproject.toml` lists what the imports of a project are called where they are installed from."""

from __future__ import annotations

import tomllib

import pytest
from writer_build import function, nothing, python, workflow

from workbook_lib.model.distributions import distribution
from workbook_lib.model.workflow import Requirements
from workbook_lib.prefect_writer import Project, write


@pytest.mark.parametrize(
    ("imported", "installed"),
    [
        ("yaml", "pyyaml"),
        ("sklearn.linear_model", "scikit-learn"),
        ("cv2", "opencv-python"),
        ("PIL.Image", "pillow"),
        ("bs4", "beautifulsoup4"),
        ("dateutil.parser", "python-dateutil"),
        ("pandas", "pandas"),
        ("slack_sdk", "slack-sdk"),
        ("google.cloud.bigquery", "google-cloud-bigquery"),
        ("google.oauth2.service_account", "google-auth"),
        ("azure.storage.blob.BlobClient", "azure-storage-blob"),
        ("google", None),
        ("google.cloud", None),
        ("company", None),
    ],
)
def test_what_an_import_is_installed_as(imported: str, installed: str | None) -> None:
    assert distribution(imported) == installed


def listed(project: Project) -> list[str]:
    found: list[str] = tomllib.loads(project.files["pyproject.toml"])["project"]["dependencies"]
    return found[1:]


def test_imports_become_packages_and_the_unknown_are_told() -> None:
    made = workflow(nothing("a"), requirements=Requirements(packages=("company", "requests", "yaml")))
    project = write([made])
    assert listed(project) == ["company", "pyyaml", "requests"]
    assert [(found.code, found.message) for found in project.findings] == [
        ("writer.dependency", "pyproject.toml lists `company` by the name of the import; the package may be called otherwise")
    ]


def test_what_a_task_names_for_its_environment_is_taken_as_it_is() -> None:
    task = python("a", function("def f():\n    return 1\n"))
    isolated = task.model_copy(update={"action": task.action.model_copy(update={"packages": ("odd-name==1.2",)})})
    project = write([workflow(isolated, requirements=Requirements(packages=("odd-name",)))])
    assert (listed(project), [found.code for found in project.findings]) == (["odd-name"], [])


def test_a_namespace_is_told_apart_by_what_is_imported_from_it() -> None:
    task = python("a", function("def f():\n    from google.cloud import bigquery\n    return bigquery\n"))
    project = write([workflow(task, requirements=Requirements(packages=("google",)))])
    assert (listed(project), project.findings) == (["google-cloud-bigquery"], ())
