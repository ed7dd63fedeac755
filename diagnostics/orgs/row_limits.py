"""Row-level security: the database itself hides the rows of other orgs from a person who is limited to some.

It stands behind the filters of `visibility`, for a query that forgets them. A limited person's request runs in one
transaction, and for that transaction takes on a role to which the policies of migration 0004 apply. Everything else owns the
tables, is subject to no policy, and so keeps every index. See decisions/growth.md.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from django.core import checks
from django.db import connection, transaction
from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase

from diagnostics.accounts.actor import API_PREFIXES
from diagnostics.accounts.models import User

# The role of this database, if we may take it on and it may read our tables.
ROLE = "left(current_database(), 55) || '_limited'"
USABLE_ROLE = (
    f"(SELECT rolname FROM pg_roles WHERE rolname = {ROLE} AND pg_has_role(oid, 'MEMBER')"  # noqa: S608 - constants
    " AND has_table_privilege(oid, to_regclass('diagnostics_run'), 'SELECT'))"
)
LIMIT = f"""
SELECT set_config('cobrowse_doctor.person', %(person)s::text, true),
    set_config('cobrowse_doctor.clients', ARRAY(
        SELECT id FROM diagnostics_oauthclient WHERE org_id = ANY(%(orgs)s) OR created_by_id = %(person)s
    )::text, true),
    set_config('role', coalesce({USABLE_ROLE}, current_user), true)
"""  # noqa: S608 - constants
LIFT = "SELECT set_config('role', 'none', true)"


class RowLimitMiddleware:
    """Middleware: limits the rows of pages that need a sign-in. The API limits them once it knows the token's owner."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        with ExitStack() as request.row_limits:  # type: ignore[attr-defined]
            response = self.get_response(request)
        person = getattr(request, "limited_person", None)
        if person is not None and isinstance(response, StreamingHttpResponse):
            response.streaming_content = _limited_pieces(iter(response), person)
        return response

    def process_view(self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any) -> None:
        if getattr(view, "login_required", True) and not request.path.startswith(API_PREFIXES):
            limit_rows_of(request, request.user)


def limit_rows_of(request: Any, person: Any) -> None:
    """Until the end of the request, show it only the rows that the person may see."""
    if isinstance(person, User) and not person.sees_all:
        request.row_limits.enter_context(rows_limited_to(person))
        request.limited_person = person


@contextmanager
def rows_limited_to(person: User) -> Iterator[None]:
    """A transaction that finds only the rows of the orgs that the person may see."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(LIMIT, {"person": person.pk, "orgs": person.orgs_in_sight})
        yield
        if connection.savepoint_ids:  # the limit would last until the end of the transaction around this one
            with connection.cursor() as cursor:
                cursor.execute(LIFT)


def _limited_pieces(pieces: Iterator[bytes], person: User) -> Iterator[bytes]:
    """A transaction for each piece, so that a slow reader holds none."""
    done = object()
    while True:
        with rows_limited_to(person):
            piece: Any = next(pieces, done)
        if piece is done:
            return
        yield piece


def prepare_limited_role(**kwargs: Any) -> None:
    """Create the role if that is allowed, and let it use our tables. After each `migrate` and `restore`."""
    role = connection.ops.quote_name(limited_role())
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = {ROLE}), rolsuper OR rolcreaterole"  # noqa: S608
            " FROM pg_roles WHERE rolname = current_user"
        )
        exists, may_create = cursor.fetchone()
        if may_create and not exists:
            cursor.execute(f"CREATE ROLE {role} NOLOGIN")
            cursor.execute(f"GRANT {role} TO CURRENT_USER")
        if exists or may_create:
            tables = ", ".join(map(connection.ops.quote_name, _our_tables()))
            cursor.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {tables} TO {role}")
            if sequences := ", ".join(map(connection.ops.quote_name, _sequences())):
                cursor.execute(f"GRANT USAGE ON SEQUENCE {sequences} TO {role}")


def limited_role() -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {ROLE}")
        return str(cursor.fetchone()[0])


def _our_tables() -> list[str]:
    existing = set(connection.introspection.table_names())
    expected = {*connection.introspection.django_table_names(), "django_migrations", "diagnostics_cache"}
    return sorted(existing & expected)


def _sequences() -> list[str]:
    """Those that defaults use. Unlike those of identity columns, they have privileges of their own."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT relname FROM pg_class JOIN pg_depend ON objid = pg_class.oid AND deptype = 'a'"
            " AND refobjid IN (SELECT to_regclass(name) FROM unnest(%s::text[]) AS name) WHERE relkind = 'S'",
            [_our_tables()],
        )
        return [name for (name,) in cursor.fetchall()]


def is_enforced() -> bool:
    """Whether the database limits rows: the role exists, and we may take it on."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {USABLE_ROLE} IS NOT NULL")
        return bool(cursor.fetchone()[0])


@checks.register(checks.Tags.database)
def check_row_limits(app_configs: Any, databases: Any = None, **kwargs: Any) -> list[checks.CheckMessage]:
    """Silent before the policies exist, so that the `migrate` that makes them has nothing to warn of."""
    if not databases or is_enforced():
        return []
    with connection.cursor() as cursor:
        cursor.execute("SELECT FROM pg_class WHERE oid = to_regclass('diagnostics_run') AND relrowsecurity")
        if not cursor.rowcount:
            return []
    return [
        checks.Warning(
            "Row-level security isn't in force: only our queries hide other orgs' rows from a limited person.",
            hint="Create the role that the deployment guide names, then run migrate.",
            id="diagnostics.W001",
        )
    ]
