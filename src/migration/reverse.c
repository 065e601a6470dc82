#include "migration/reverse.h"

#include "core/failpoint.h"
#include "migration/deadline.h"
#include "postgres/privileges.h"
#include "postgres/quote.h"
#include "postgres/slot.h"

/* PostgreSQL lets others than superusers use origins from this major on, and grants
 * parameters from the next. */
#define ORIGIN_GRANT_MAJOR    14
#define PARAMETER_GRANT_MAJOR 15

#define NAME_MAX_BYTES 63

/* The names of the direction that is prepared. */
typedef struct
{
  const char *slot;        /* on "to" */
  const char *publication; /* on "to" */
  const char *origin;      /* on "from" */
} Names;

static Names
names_of (const PgmReverse *self)
{
  const PgmFollowState *state = self->ctx->state;

  if (self->back)
    return (Names){ state->slot, state->publication, state->origin };
  return (Names){ state->reverse_slot, state->reverse_publication, state->reverse_origin };
}

static const PgmServerInfo *
server_of (const PgmReverse *self, gboolean to)
{
  return to == self->back ? self->ctx->ends->source : self->ctx->ends->destination;
}

static void
miss (GPtrArray *missing, const char *subject, char *fix_sql, const char *note)
{
  PgmMissingPrivilege *privilege = g_new0 (PgmMissingPrivilege, 1);

  privilege->subject = g_strdup (subject);
  privilege->fix_sql = fix_sql;
  privilege->note = g_strdup (note);
  g_ptr_array_add (missing, privilege);
}

/* @sql: one boolean. */
static gboolean
ask (PgmConnection *connection,
     const char *sql,
     gboolean *answer,
     GCancellable *cancellable,
     GError **error)
{
  g_autofree char *value =
      pgm_connection_query_value (connection, sql, 0, NULL, cancellable, error);

  *answer = g_strcmp0 (value, "t") == 0;
  return value != NULL;
}

static gboolean
check_origin (const PgmReverse *self, GPtrArray *missing, GCancellable *cancellable, GError **error)
{
  static const char functions[] =
      "pg_catalog.pg_replication_origin_create(text),"
      " pg_catalog.pg_replication_origin_drop(text),"
      " pg_catalog.pg_replication_origin_oid(text),"
      " pg_catalog.pg_replication_origin_advance(text, pg_lsn),"
      " pg_catalog.pg_replication_origin_progress(text, boolean),"
      " pg_catalog.pg_replication_origin_session_setup(text),"
      " pg_catalog.pg_replication_origin_session_reset(),"
      " pg_catalog.pg_replication_origin_session_progress(boolean),"
      " pg_catalog.pg_replication_origin_xact_setup(pg_lsn, timestamp with time zone),"
      " pg_catalog.pg_replication_origin_xact_reset()";
  const PgmServerInfo *server = server_of (self, FALSE);
  g_autofree char *user = pgm_quote_identifier (server->user);
  gboolean may = FALSE;

  if (server->superuser)
    return TRUE;
  if (server->major < ORIGIN_GRANT_MAJOR)
    {
      miss (missing, "replication origins for the way back",
            g_strdup_printf ("ALTER ROLE %s SUPERUSER", user),
            "before PostgreSQL 14 only a superuser may use them; or keep no way back");
      return TRUE;
    }
  if (!ask (self->from,
            "SELECT bool_and(pg_catalog.has_function_privilege(p.oid, 'EXECUTE'))"
            " FROM pg_catalog.pg_proc p WHERE p.pronamespace = 'pg_catalog'::pg_catalog.regnamespace"
            " AND p.proname IN ('pg_replication_origin_create', 'pg_replication_origin_drop',"
            " 'pg_replication_origin_advance', 'pg_replication_origin_progress',"
            " 'pg_replication_origin_session_setup', 'pg_replication_origin_session_reset',"
            " 'pg_replication_origin_session_progress', 'pg_replication_origin_xact_setup',"
            " 'pg_replication_origin_xact_reset', 'pg_replication_origin_oid')",
            &may, cancellable, error))
    return FALSE;
  if (!may)
    miss (missing, "replication origins for the way back",
          g_strdup_printf ("GRANT EXECUTE ON FUNCTION %s TO %s", functions, user), NULL);
  return TRUE;
}

/* Rows that come back must not fire triggers a second time. */
static gboolean
check_replica_role (const PgmReverse *self,
                    GPtrArray *missing,
                    GCancellable *cancellable,
                    GError **error)
{
  const PgmServerInfo *server = server_of (self, FALSE);
  g_autofree char *user = pgm_quote_identifier (server->user);
  gboolean needed = FALSE, may = FALSE;

  if (server->superuser)
    return TRUE;
  if (!ask (self->from,
            "SELECT EXISTS (SELECT FROM pg_catalog.pg_trigger t"
            " JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid"
            " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
            " WHERE t.tgenabled IN ('O', 'A') AND n.nspname !~ '^pg_' AND n.nspname <> 'pgmanager')",
            &needed, cancellable, error))
    return FALSE;
  if (!needed)
    return TRUE;
  if (server->major >= PARAMETER_GRANT_MAJOR &&
      !ask (self->from,
            "SELECT pg_catalog.has_parameter_privilege('session_replication_role', 'SET')", &may,
            cancellable, error))
    return FALSE;
  if (!may)
    miss (missing, "apply changes that come back without firing triggers",
          server->major >= PARAMETER_GRANT_MAJOR
              ? g_strdup_printf ("GRANT SET ON PARAMETER session_replication_role TO %s", user)
              : g_strdup_printf ("ALTER ROLE %s SUPERUSER", user),
          NULL);
  return TRUE;
}

static gboolean
check_publisher (const PgmReverse *self,
                 GPtrArray *missing,
                 GCancellable *cancellable,
                 GError **error)
{
  const PgmServerInfo *server = server_of (self, TRUE);
  g_autofree char *user = pgm_quote_identifier (server->user);
  g_autofree char *database = pgm_quote_identifier (server->database);
  gboolean may = FALSE;

  if (g_strcmp0 (server->wal_level, "logical") != 0)
    miss (missing, "a stream of changes for the way back",
          g_strdup ("ALTER SYSTEM SET wal_level = 'logical'"), "takes a restart of that server");
  if (server->superuser)
    return TRUE;
  if (!server->replication)
    miss (missing, "a slot for the way back", g_strdup_printf ("ALTER ROLE %s REPLICATION", user),
          NULL);
  if (!ask (self->to, "SELECT pg_catalog.has_database_privilege(current_database(), 'CREATE')",
            &may, cancellable, error))
    return FALSE;
  if (!may)
    miss (missing, "a publication for the way back",
          g_strdup_printf ("GRANT CREATE ON DATABASE %s TO %s", database, user), NULL);
  return TRUE;
}

gboolean
pgm_reverse_check (const PgmReverse *self,
                   GPtrArray *missing,
                   GCancellable *cancellable,
                   GError **error)
{
  /* Without an origin nothing tells apart what came from the other side. */
  if (self->ctx->state->origin == NULL)
    {
      g_autofree char *user = pgm_quote_identifier (self->ctx->ends->destination->user);
      g_autofree char *hint = g_strdup_printf (
          "Keep no way back (--no-reverse); or GRANT EXECUTE ON the functions"
          " pg_replication_origin_* TO %s on the destination (from PostgreSQL 14 on), then start"
          " following anew.",
          user);

      pgm_error_set_full (
          error, PGM_ERROR_REFUSED, NULL,
          "The destination's changes are applied without a replication origin, so it can't be told"
          " which of them came from the source.",
          hint, "there can be no way back");
      return FALSE;
    }
  return check_publisher (self, missing, cancellable, error) &&
         check_origin (self, missing, cancellable, error) &&
         check_replica_role (self, missing, cancellable, error);
}

/* A slot's name has only these characters. */
static char *
make_name (const char *job_id)
{
  g_autofree char *name = g_strdup_printf ("pgmanager_back_%s", job_id);
  g_autofree char *lower = g_ascii_strdown (name, MIN ((gssize) strlen (name), NAME_MAX_BYTES));

  return g_strdup (g_strcanon (lower, "abcdefghijklmnopqrstuvwxyz0123456789_", '_'));
}

static void
set_names (PgmFollowState *state, const char *name)
{
  g_free (state->reverse_slot);
  g_free (state->reverse_publication);
  g_free (state->reverse_origin);
  state->reverse_slot = g_strdup (name);
  state->reverse_publication = g_strdup (name);
  state->reverse_origin = g_strdup (name);
}

/* Our tables by name; the schema "pgmanager" is never among them. */
static GStrv
list_tables (const PgmCatalog *catalog)
{
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();

  for (guint i = 0; i < catalog->tables->len; i++)
    {
      const PgmTable *table = g_ptr_array_index (catalog->tables, i);

      if (table->kind == 'r' && table->persistence == 'p')
        {
          g_autofree char *name = pgm_quote_qualified (table->schema, table->name);

          g_strv_builder_add (names, name);
        }
    }
  return g_strv_builder_end (names);
}

static gboolean
make_publication (const PgmReverse *self, GCancellable *cancellable, GError **error)
{
  Names names = names_of (self);
  g_auto (GStrv) tables = list_tables (self->ctx->catalog);
  gboolean exists = FALSE;

  if (!pgm_publication_exists (self->to, names.publication, &exists, cancellable, error))
    return FALSE;
  /* One of a try before may lack tables. */
  if (exists && !self->back &&
      !pgm_publication_drop (self->to, names.publication, cancellable, error))
    return FALSE;
  if (exists && self->back)
    return TRUE;
  return pgm_publication_create (self->to, names.publication, (const char *const *) tables,
                                 cancellable, error);
}

static void
refuse_waiting (const PgmReverse *self, double patience, GError **error)
{
  g_autoptr (GPtrArray) blockers = pgm_slot_list_blockers (self->to, 0, NULL, NULL);
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; blockers != NULL && i < MIN (blockers->len, 5); i++)
    {
      const PgmBlocker *blocker = g_ptr_array_index (blockers, i);

      g_string_append_printf (text, "%spid %d (%s, %s, %.0f s): %s", i > 0 ? "; " : "",
                              blocker->pid, blocker->user, blocker->application,
                              blocker->seconds, blocker->query);
    }
  pgm_error_set_full (error, PGM_ERROR_REFUSED, NULL, text->len > 0 ? text->str : NULL,
                      "End those transactions, or wait until they have ended.",
                      "%s: the slot for the way back waited %g s for old transactions",
                      pgm_connection_get_label (self->to), patience);
}

static gboolean
make_slot (const PgmReverse *self, double patience, GCancellable *cancellable, GError **error)
{
  Names names = names_of (self);
  PgmFollowContext *ctx = self->ctx;
  g_autoptr (PgmDeadline) deadline = NULL;
  g_autoptr (PgmConnection) replication = NULL;
  g_autoptr (PgmSlot) slot = NULL;
  g_autoptr (GError) local = NULL;
  PgmLsn point = 0;

  /* Of a try before; of somebody else's it is only used. */
  if (!pgm_slot_read (self->to, names.slot, &slot, cancellable, error))
    return FALSE;
  if (slot != NULL && self->back && !ctx->state->slot_is_ours)
    return TRUE;
  if (slot != NULL && !pgm_slot_drop (self->to, names.slot, TRUE, cancellable, error))
    return FALSE;
  replication =
      pgm_ends_connect_replication (ctx->ends, self->back ? PGM_END_SOURCE : PGM_END_DESTINATION,
                                    "slot", cancellable, error);
  if (replication == NULL)
    return FALSE;
  deadline = pgm_deadline_new (
      g_get_monotonic_time () + (gint64) (patience * G_USEC_PER_SEC), cancellable);
  pgm_progress_set_activity (ctx->progress, "slot for the way back");
  if (pgm_slot_create (replication, names.slot, FALSE, &point, NULL,
                       pgm_deadline_get_cancellable (deadline), &local))
    return TRUE;
  if (pgm_error_is_cancelled (local) && !g_cancellable_is_cancelled (cancellable))
    refuse_waiting (self, patience, error);
  else
    g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

static gboolean
make_origin (const PgmReverse *self, GCancellable *cancellable, GError **error)
{
  Names names = names_of (self);
  PgmLsn progress = 0;
  gboolean found = FALSE;

  if (!pgm_origin_read (self->from, names.origin, &found, &progress, cancellable, error))
    return FALSE;
  return found || pgm_origin_create (self->from, names.origin, 0, cancellable, error);
}

gboolean
pgm_reverse_prepare (const PgmReverse *self,
                     double patience,
                     GCancellable *cancellable,
                     GError **error)
{
  PgmFollowContext *ctx = self->ctx;

  /* Named before it is made, so that a crash leaves nothing that is not known. */
  if (!self->back)
    {
      g_autofree char *name = make_name (ctx->state->job_id);

      set_names (ctx->state, name);
      if (!pgm_follow_state_write (ctx->journal, ctx->state, cancellable, error))
        return FALSE;
    }
  return PGM_FAILPOINT ("reverse.named", error) && make_publication (self, cancellable, error) &&
         make_origin (self, cancellable, error) && make_slot (self, patience, cancellable, error) &&
         PGM_FAILPOINT ("reverse.made", error);
}

gboolean
pgm_reverse_read_start (const PgmReverse *self,
                        PgmLsn *start,
                        GCancellable *cancellable,
                        GError **error)
{
  g_autofree char *text = pgm_connection_query_value (
      self->to, "SELECT pg_catalog.pg_current_wal_insert_lsn()", 0, NULL, cancellable, error);

  return text != NULL && pgm_lsn_parse (text, start, error);
}

static gboolean
drop_slot (PgmConnection *connection, const char *name, GCancellable *cancellable, GError **error)
{
  return name == NULL || pgm_slot_drop (connection, name, TRUE, cancellable, error);
}

/* Never back: the origin may have gone on already. */
static gboolean
advance_origin (PgmConnection *connection,
                const char *name,
                PgmLsn start,
                GCancellable *cancellable,
                GError **error)
{
  char lsn[PGM_LSN_TEXT_SIZE];
  PgmLsn progress = 0;
  gboolean found = FALSE;
  g_autofree char *literal = NULL;

  if (name == NULL)
    return TRUE;
  if (!pgm_origin_read (connection, name, &found, &progress, cancellable, error))
    return FALSE;
  if (!found)
    return pgm_origin_create (connection, name, start, cancellable, error);
  if (progress >= start)
    return TRUE;
  literal = pgm_quote_literal (name);
  return pgm_connection_execf (connection, cancellable, error,
                               "SELECT pg_catalog.pg_replication_origin_advance(%s, '%s')",
                               literal, pgm_lsn_format (start, lsn));
}

gboolean
pgm_reverse_remove (PgmFollowContext *ctx,
                    PgmConnection *source,
                    PgmConnection *destination,
                    GCancellable *cancellable,
                    GError **error)
{
  PgmFollowState *state = ctx->state;

  if (!drop_slot (destination, state->reverse_slot, cancellable, error))
    return FALSE;
  if (state->reverse_publication != NULL &&
      !pgm_publication_drop (destination, state->reverse_publication, cancellable, error))
    return FALSE;
  if (state->reverse_origin != NULL &&
      !pgm_origin_drop (source, state->reverse_origin, cancellable, error))
    return FALSE;
  g_clear_pointer (&state->reverse_slot, g_free);
  g_clear_pointer (&state->reverse_publication, g_free);
  g_clear_pointer (&state->reverse_origin, g_free);
  state->reverse_start = 0;
  return TRUE;
}

gboolean
pgm_reverse_settle (PgmFollowContext *ctx,
                    PgmConnection *source,
                    PgmConnection *destination,
                    GCancellable *cancellable,
                    GError **error)
{
  PgmFollowState *state = ctx->state;

  if (state->cutover == PGM_CUTOVER_DONE)
    return (!state->slot_is_ours || drop_slot (source, state->slot, cancellable, error)) &&
           advance_origin (source, state->reverse_origin, state->reverse_start, cancellable, error);
  if (state->cutover != PGM_CUTOVER_NONE || state->reverse_slot == NULL)
    return TRUE;
  return advance_origin (destination, state->origin, state->consistent_point, cancellable,
                         error) &&
         pgm_reverse_remove (ctx, source, destination, cancellable, error) &&
         pgm_follow_state_write (ctx->journal, state, cancellable, error);
}
