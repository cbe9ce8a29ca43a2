"""Several migrations of an app into one that does the same."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from django.db import connection
from django.db.migrations import Migration
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations import AddField, AlterField, CreateModel
from django.db.migrations.operations.base import Operation
from django.db.migrations.optimizer import MigrationOptimizer
from django.db.models import NOT_PROVIDED

from config.database.pushing import files
from config.database.pushing.untracked import Key


@dataclass(eq=False)
class Group:
    """Migrations of one app that become one."""

    app: str
    keys: list[Key] = field(default_factory=list)
    needs: set["Group"] = field(default_factory=set)
    result: Migration | None = None

    def reaches(self, other: "Group") -> bool:
        """Whether it needs the other, or something does that it needs."""
        return self is other or any(one.reaches(other) for one in self.needs)


def fold(replaced: list[Key], loader: MigrationLoader) -> list[Migration]:
    """Return what does all that these migrations do, which come in their order: one for each app.

    An app gets two where a migration of another has to stand between them. Renamings and defaults
    that makemigrations has asked for stay as they were answered.
    """
    groups = _groups(replaced, loader)
    places = {key: group for group in groups for key in group.keys}
    made: list[Migration] = []
    for group in groups:
        group.result = _folded(group, places, loader, made)
        needed = any(group in other.needs for other in groups)
        if group.result.operations or needed:
            made.append(group.result)
    return made


class FoldedLoader(MigrationLoader):
    """The migrations as they will be: some are gone, and others made in their place."""

    def __init__(self, gone: set[Key], made: list[Migration]) -> None:
        self._gone, self._made = gone, made
        super().__init__(connection)

    def load_disk(self) -> None:
        super().load_disk()
        for key in self._gone:
            self.disk_migrations.pop(key, None)
        self.disk_migrations |= {(one.app_label, one.name): one for one in self._made}


def _groups(replaced: list[Key], loader: MigrationLoader) -> list[Group]:
    groups: list[Group] = []
    places: dict[Key, Group] = {}
    current: dict[str, Group] = {}
    for key in replaced:
        needs = {
            places[parent.key]
            for parent in loader.graph.node_map[key].parents
            if parent.key in places
        }
        group = current.get(key[0])
        if group is None or any(one is not group and one.reaches(group) for one in needs):
            group = current[key[0]] = Group(key[0])
            groups.append(group)
        group.keys.append(key)
        group.needs |= needs - {group}
        places[key] = group
    return groups


def _folded(
    group: Group, places: dict[Key, Group], loader: MigrationLoader, made: list[Migration]
) -> Migration:
    migrations = [loader.graph.nodes[key] for key in group.keys]
    operations = [operation for one in migrations for operation in one.operations]
    folded = files.migration(
        (group.app, "folded"),
        initial=any(one.initial for one in migrations) or None,
        operations=MigrationOptimizer().optimize([*_lasting(operations)], group.app),
        dependencies=[*dict.fromkeys(_dependencies(group, migrations, places))],
    )
    before = [key for key in loader.graph.nodes if key[0] == group.app and key not in places]
    before += [(one.app_label, one.name) for one in made if one.app_label == group.app]
    number = max((MigrationAutodetector.parse_number(name) or 0 for _, name in before), default=0)
    folded.name = f"{number + 1:04}_{folded.suggest_name()}"
    return folded


def _lasting(operations: list[Operation]) -> Iterator[Operation]:
    """Yield them; in a new table, forget a default that was for the rows of before alone.

    The optimizer would leave it in the table that it makes together with the column.
    """
    new = {one.name_lower for one in operations if isinstance(one, CreateModel)}
    for one in operations:
        yield one
        if not isinstance(one, AddField | AlterField) or one.preserve_default:
            continue
        if one.model_name_lower in new:
            field = one.field.clone()
            field.default = NOT_PROVIDED
            yield AlterField(one.model_name, one.name, field)


def _dependencies(
    group: Group, migrations: list[Migration], places: dict[Key, Group]
) -> Iterator[Key]:
    """Yield what its migrations need, by the names that it will have."""
    for one in migrations:
        for key in one.dependencies:
            there = places.get((key[0], key[1]))
            if there is None:
                yield key  # as it is: it may be the model of a setting
            elif there is not group and there.result:
                yield there.app, there.result.name
