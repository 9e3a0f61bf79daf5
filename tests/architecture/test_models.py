"""Relations between rows point one way and protect; migrations say what the models say."""

from __future__ import annotations

from collections.abc import Iterator

from django.apps import apps
from django.apps.registry import Apps
from django.db import models
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.questioner import NonInteractiveMigrationQuestioner
from django.db.migrations.state import ModelState, ProjectState

from tests.architecture.source import PACKAGES

RANK = {name: rank for rank, name in enumerate(reversed(PACKAGES))}  # treasury 0, execution 1, ...


def upward_or_unprotected(model: type[models.Model]) -> Iterator[str]:
    """A row may point to its own package or below, never up; a row that is pointed to stays."""
    for field in model._meta.local_fields + model._meta.local_many_to_many:
        target = field.related_model
        if target is None or isinstance(target, str):
            continue
        name = f"{model._meta.label}.{field.name}"
        if RANK.get(target._meta.app_label, -1) > RANK[model._meta.app_label]:
            yield f"{name} points up, to {target._meta.label}"
        if field.many_to_many or getattr(field.remote_field, "parent_link", False):
            continue
        if getattr(field.remote_field, "on_delete", None) is not models.PROTECT:
            yield f"{name} is not PROTECT"


def test_relations_point_down_and_protect() -> None:
    ours = [model for model in apps.get_models() if model._meta.app_label in RANK]
    assert ours
    assert [broken for model in ours for broken in upward_or_unprotected(model)] == []


def planted(name: str, app: str, on_delete: object) -> type[models.Model]:
    """A model that no registry of ours ever sees."""
    registry = Apps()
    user = apps.get_model("governance", "User")

    class Meta:
        app_label = app
        apps = registry

    fields = {
        "__module__": __name__,
        "Meta": Meta,
        "link": models.ForeignKey(user, on_delete, related_name="+"),  # type: ignore[arg-type]
    }
    return type(name, (models.Model,), fields)


def test_a_planted_relation_is_caught() -> None:
    up = list(upward_or_unprotected(planted("Up", "treasury", models.PROTECT)))
    assert up == ["treasury.Up.link points up, to governance.User"]
    loose = list(upward_or_unprotected(planted("Loose", "governance", models.CASCADE)))
    assert loose == ["governance.Loose.link is not PROTECT"]
    assert list(upward_or_unprotected(planted("Fine", "governance", models.PROTECT))) == []


def missing_migrations(wanted: ProjectState) -> list[str]:
    """As `makemigrations --check`, from the files alone: no database is asked."""
    loader = MigrationLoader(None, ignore_no_migrations=True)
    detector = MigrationAutodetector(
        loader.project_state(), wanted, NonInteractiveMigrationQuestioner()
    )
    changes = detector.changes(graph=loader.graph)
    return [
        f"{app}: {operation.describe()}"
        for app, migrations in changes.items()
        for migration in migrations
        for operation in migration.operations
    ]


def test_migrations_of_each_app_are_one_line_without_branches() -> None:
    """Two with one number pass alone and break the next database that is made."""
    assert MigrationLoader(None, ignore_no_migrations=True).detect_conflicts() == {}


def test_migrations_are_in_step_with_the_models() -> None:
    assert missing_migrations(ProjectState.from_apps(apps)) == []


def test_a_missing_migration_is_caught() -> None:
    wanted = ProjectState.from_apps(apps)
    wanted.add_model(
        ModelState("treasury", "Planted", [("id", models.BigAutoField(primary_key=True))])
    )
    assert "treasury: Create model Planted" in missing_migrations(wanted)
