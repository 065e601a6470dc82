#include "migration/fence.h"

#include "core/failpoint.h"
#include "migration/fence-private.h"
#include "model/descriptor.h"
#include "postgres/quote.h"

static const char *const end_names[] = { "source", "destination", NULL };

static const PgmField grant_fields[] = {
  FIELD (PgmFenceGrant, grantee, STRING, 0),
  FIELD (PgmFenceGrant, grantor, STRING, 0),
  FIELD (PgmFenceGrant, grantable, BOOL, OMIT_EMPTY),
  FIELD_END,
};

const PgmRecordType pgm_fence_grant_type = { "fence grant", sizeof (PgmFenceGrant), grant_fields };

static const PgmField record_fields[] = {
  FIELD_ENUM (PgmFenceRecord, kind, pgm_fence_names, REQUIRED),
  FIELD_ENUM (PgmFenceRecord, end, end_names, REQUIRED),
  FIELD (PgmFenceRecord, database, STRING, REQUIRED),
  FIELD_RECORDS (PgmFenceRecord, grants, pgm_fence_grant_type, OMIT_EMPTY),
  FIELD (PgmFenceRecord, ours, STRING, 0),
  FIELD (PgmFenceRecord, admitted, BOOL, OMIT_EMPTY),
  FIELD (PgmFenceRecord, nologin, STRV, OMIT_EMPTY),
  FIELD (PgmFenceRecord, read_only, STRING, 0),
  FIELD (PgmFenceRecord, pgbouncer_uri, STRING, 0),
  FIELD (PgmFenceRecord, pgbouncer_password, SECRET, 0),
  FIELD (PgmFenceRecord, pools, STRV, OMIT_EMPTY),
  FIELD (PgmFenceRecord, port, STRING, 0),
  FIELD_END,
};

const PgmRecordType pgm_fence_record_type = { "fence", sizeof (PgmFenceRecord), record_fields };

static const PgmField memo_fields[] = {
  FIELD (PgmFenceMemo, back, BOOL, 0),
  FIELD_RECORDS (PgmFenceMemo, fences, pgm_fence_record_type, 0),
  FIELD_END,
};

const PgmRecordType pgm_fence_memo_type = { "fence memo", sizeof (PgmFenceMemo), memo_fields };

PgmFenceMemo *
pgm_fence_memo_parse (const char *json, GError **error)
{
  PgmFenceMemo *self = NULL;

  if (json == NULL)
    return pgm_record_new (&pgm_fence_memo_type);
  self = pgm_record_from_json (&pgm_fence_memo_type, json, -1, error);
  for (guint i = 0; self != NULL && i < self->fences->len; i++)
    {
      PgmFenceRecord *fence = g_ptr_array_index (self->fences, i);

      /* What is written for a secret is not the secret. */
      g_clear_pointer (&fence->pgbouncer_password, pgm_secret_unref);
    }
  return self;
}

PgmFenceRecord *
pgm_fence_memo_find (const PgmFenceMemo *self, PgmEnd end)
{
  for (guint i = 0; i < self->fences->len; i++)
    {
      PgmFenceRecord *fence = g_ptr_array_index (self->fences, i);

      if (fence->end == (int) end)
        return fence;
    }
  return NULL;
}

PgmFenceMemo *
pgm_fence_memo_with (const PgmFenceMemo *self, gboolean back, PgmEnd end, PgmFenceRecord *fence)
{
  PgmFenceMemo *copy = pgm_record_new (&pgm_fence_memo_type);

  copy->back = back;
  for (guint i = 0; i < self->fences->len; i++)
    {
      PgmFenceRecord *other = g_ptr_array_index (self->fences, i);

      if (other->end != (int) end)
        g_ptr_array_add (copy->fences, pgm_record_ref (other));
    }
  if (fence != NULL)
    g_ptr_array_add (copy->fences, pgm_record_ref (fence));
  return copy;
}

gboolean
pgm_fence_facts_read (PgmFenceFacts *self,
                      PgmConnection *connection,
                      GCancellable *cancellable,
                      GError **error)
{
  g_autoptr (PgmResult) result = pgm_connection_query (
      connection,
      "SELECT d.datname, pg_catalog.pg_get_userbyid(d.datdba), r.rolname, r.rolsuper,"
      " pg_catalog.pg_has_role(d.datdba, 'USAGE')"
      " FROM pg_catalog.pg_database d, pg_catalog.pg_roles r"
      " WHERE d.datname = current_database() AND r.rolname = current_user",
      0, NULL, cancellable, error);

  if (result == NULL)
    return FALSE;
  if (pgm_result_get_rows (result) != 1)
    {
      pgm_error_set (error, PGM_ERROR_FAILED, "%s: the database is not in its own catalog",
                     pgm_connection_get_label (connection));
      return FALSE;
    }
  self->database = g_strdup (pgm_result_get (result, 0, 0));
  self->owner = g_strdup (pgm_result_get (result, 0, 1));
  self->role = g_strdup (pgm_result_get (result, 0, 2));
  self->superuser = pgm_result_get_bool (result, 0, 3);
  self->owns = pgm_result_get_bool (result, 0, 4);
  return TRUE;
}

void
pgm_fence_facts_clear (PgmFenceFacts *self)
{
  g_clear_pointer (&self->database, g_free);
  g_clear_pointer (&self->owner, g_free);
  g_clear_pointer (&self->role, g_free);
}

void
pgm_fence_miss (GPtrArray *missing, const char *subject, const char *fix_sql, const char *note)
{
  PgmMissingPrivilege *privilege = g_new0 (PgmMissingPrivilege, 1);

  privilege->subject = g_strdup (subject);
  privilege->fix_sql = g_strdup (fix_sql);
  privilege->note = g_strdup (note);
  g_ptr_array_add (missing, privilege);
}

/* Both change the database, which its owner may. */
static void
check_ownership (const PgmFenceFacts *facts, GPtrArray *missing)
{
  g_autofree char *owner = pgm_quote_identifier (facts->owner);
  g_autofree char *role = pgm_quote_identifier (facts->role);
  g_autofree char *subject = g_strdup_printf ("change database %s for a fence", facts->database);
  g_autofree char *fix = g_strdup_printf ("GRANT %s TO %s", owner, role);

  if (!facts->owns)
    pgm_fence_miss (missing, subject, fix, "the owner's rights are needed");
}

static gboolean
plan_read_only (PgmFenceRecord *self,
                PgmConnection *connection,
                GCancellable *cancellable,
                GError **error)
{
  g_autoptr (PgmResult) result = pgm_connection_query (
      connection,
      "SELECT substr(c, length('default_transaction_read_only=') + 1)"
      " FROM pg_catalog.pg_db_role_setting s, pg_catalog.unnest(s.setconfig) c"
      " WHERE s.setrole = 0 AND c LIKE 'default_transaction_read_only=%'"
      " AND s.setdatabase ="
      " (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())",
      0, NULL, cancellable, error);

  if (result == NULL)
    return FALSE;
  if (pgm_result_get_rows (result) > 0)
    self->read_only = g_strdup (pgm_result_get (result, 0, 0));
  return TRUE;
}

PgmFenceRecord *
pgm_fence_plan (PgmEnds *ends,
                PgmEnd end,
                PgmConnection *connection,
                const PgmSwitchoverOptions *options,
                GPtrArray *missing,
                GCancellable *cancellable,
                GError **error)
{
  g_auto (PgmFenceFacts) facts = { NULL };
  PgmFenceRecord *self = NULL;
  gboolean ok = TRUE;

  if (!pgm_fence_facts_read (&facts, connection, cancellable, error))
    return NULL;
  self = pgm_record_new (&pgm_fence_record_type);
  self->kind = options->fence;
  self->end = (int) end;
  self->database = g_strdup (facts.database);
  switch ((PgmFence) options->fence)
    {
    case PGM_FENCE_REVOKE:
      check_ownership (&facts, missing);
      ok = pgm_fence_revoke_plan (self, ends, &facts, connection, missing, cancellable, error) &&
           pgm_fence_sessions_check (ends, &facts, connection, missing, cancellable, error);
      break;
    case PGM_FENCE_READONLY:
      check_ownership (&facts, missing);
      ok = plan_read_only (self, connection, cancellable, error) &&
           pgm_fence_sessions_check (ends, &facts, connection, missing, cancellable, error);
      break;
    case PGM_FENCE_PGBOUNCER:
      ok = pgm_fence_pgbouncer_plan (self, ends, options, cancellable, error);
      break;
    case PGM_FENCE_NONE:
    default:
      break;
    }
  if (ok)
    return self;
  pgm_record_unref (self);
  return NULL;
}

static char *
read_only_sql (const PgmFenceRecord *self, gboolean raise)
{
  g_autofree char *database = pgm_quote_identifier (self->database);
  g_autofree char *before = pgm_quote_literal (self->read_only);

  if (!raise && self->read_only == NULL)
    return g_strdup_printf ("ALTER DATABASE %s RESET default_transaction_read_only", database);
  return g_strdup_printf ("ALTER DATABASE %s SET default_transaction_read_only = %s", database,
                          raise ? "'on'" : before);
}

gboolean
pgm_fence_raise (const PgmFenceRecord *self,
                 PgmConnection *connection,
                 GCancellable *cancellable,
                 GError **error)
{
  g_autofree char *sql = NULL;

  if (!PGM_FAILPOINT ("fence.raise", error))
    return FALSE;
  switch ((PgmFence) self->kind)
    {
    case PGM_FENCE_REVOKE:
      sql = pgm_fence_revoke_raise_sql (self);
      break;
    case PGM_FENCE_READONLY:
      sql = read_only_sql (self, TRUE);
      break;
    case PGM_FENCE_PGBOUNCER:
      return pgm_fence_pgbouncer_raise (self, cancellable, error);
    case PGM_FENCE_NONE:
    default:
      return TRUE;
    }
  /* One string is one transaction: all or nothing. */
  return pgm_connection_exec (connection, sql, cancellable, error) &&
         PGM_FAILPOINT ("fence.raised", error);
}

gboolean
pgm_fence_lower (const PgmFenceRecord *self,
                 PgmConnection *connection,
                 GCancellable *cancellable,
                 GError **error)
{
  g_autofree char *sql = NULL;
  gboolean down = FALSE;

  if (!PGM_FAILPOINT ("fence.lower", error))
    return FALSE;
  switch ((PgmFence) self->kind)
    {
    case PGM_FENCE_REVOKE:
      if (!pgm_fence_revoke_is_down (self, connection, &down, cancellable, error))
        return FALSE;
      sql = pgm_fence_revoke_lower_sql (self);
      break;
    case PGM_FENCE_READONLY:
      sql = read_only_sql (self, FALSE);
      break;
    case PGM_FENCE_PGBOUNCER:
      return pgm_fence_pgbouncer_lower (self, cancellable, error);
    case PGM_FENCE_NONE:
    default:
      return TRUE;
    }
  return down || pgm_connection_exec (connection, sql, cancellable, error);
}

char *
pgm_fence_describe (const PgmFenceRecord *self)
{
  g_autofree char *pools = self->pools != NULL ? g_strjoinv (", ", self->pools) : NULL;

  switch ((PgmFence) self->kind)
    {
    case PGM_FENCE_REVOKE:
      return g_strdup_printf ("nobody but us may connect to database %s", self->database);
    case PGM_FENCE_READONLY:
      return g_strdup_printf ("database %s is read-only by default", self->database);
    case PGM_FENCE_PGBOUNCER:
      return g_strdup_printf ("pgbouncer holds back the clients of %s", pools);
    case PGM_FENCE_NONE:
    default:
      return g_strdup ("no fence: whoever asked for this has stopped the writers");
    }
}

char *
pgm_fence_undo_sql (const PgmFenceRecord *self)
{
  GString *sql = NULL;

  switch ((PgmFence) self->kind)
    {
    case PGM_FENCE_REVOKE:
      return pgm_fence_revoke_lower_sql (self);
    case PGM_FENCE_READONLY:
      return read_only_sql (self, FALSE);
    case PGM_FENCE_PGBOUNCER:
      sql = g_string_new (NULL);
      for (guint i = 0; self->pools != NULL && self->pools[i] != NULL; i++)
        {
          g_autofree char *pool = pgm_quote_identifier (self->pools[i]);

          g_string_append_printf (sql, "%sRESUME %s", i > 0 ? "; " : "", pool);
        }
      return g_string_free (sql, FALSE);
    case PGM_FENCE_NONE:
    default:
      return NULL;
    }
}
