#include "migration/follow-state.h"

#include "postgres/quote.h"

/* One line per member, so that reading, writing and the table itself can't
 * disagree. */
typedef enum
{
  STATE_TEXT,
  STATE_BOOL,
  STATE_INT,
  STATE_UINT32,
  STATE_UINT64,
  STATE_LSN,
} StateType;

typedef struct
{
  const char *column;
  StateType type;
  gsize offset;
} StateField;

#define STATE_FIELD(member, type)                                                                  \
  {                                                                                                \
#member, type, G_STRUCT_OFFSET(PgmFollowState, member)                                         \
  }

static const StateField fields[] = {
  STATE_FIELD (job_id, STATE_TEXT),
  STATE_FIELD (slot, STATE_TEXT),
  STATE_FIELD (publication, STATE_TEXT),
  STATE_FIELD (origin, STATE_TEXT),
  STATE_FIELD (source_system_identifier, STATE_UINT64),
  STATE_FIELD (source_timeline, STATE_UINT32),
  STATE_FIELD (source_database, STATE_TEXT),
  STATE_FIELD (destination_system_identifier, STATE_UINT64),
  STATE_FIELD (destination_timeline, STATE_UINT32),
  STATE_FIELD (consistent_point, STATE_LSN),
  STATE_FIELD (copied, STATE_BOOL),
  STATE_FIELD (slot_is_ours, STATE_BOOL),
  STATE_FIELD (publication_is_ours, STATE_BOOL),
  STATE_FIELD (cutover, STATE_INT),
  STATE_FIELD (fence, STATE_TEXT),
  STATE_FIELD (reverse_slot, STATE_TEXT),
  STATE_FIELD (reverse_publication, STATE_TEXT),
  STATE_FIELD (reverse_origin, STATE_TEXT),
  STATE_FIELD (reverse_start, STATE_LSN),
};

static const char *
type_to_sql (StateType type)
{
  switch (type)
    {
    case STATE_BOOL:
      return "boolean";
    case STATE_INT:
      return "int";
    case STATE_UINT32:
    case STATE_UINT64:
      return "numeric";
    case STATE_LSN:
      return "pg_lsn";
    case STATE_TEXT:
    default:
      return "text";
    }
}

PgmFollowState *
pgm_follow_state_new (void)
{
  PgmFollowState *self = g_new0 (PgmFollowState, 1);

  self->copied_until = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  return self;
}

void
pgm_follow_state_free (PgmFollowState *self)
{
  if (self == NULL)
    return;
  for (gsize i = 0; i < G_N_ELEMENTS (fields); i++)
    if (fields[i].type == STATE_TEXT)
      g_free (*(char **) G_STRUCT_MEMBER_P (self, fields[i].offset));
  g_clear_pointer (&self->copied_until, g_hash_table_unref);
  g_free (self);
}

static void
append_value (GString *sql, const PgmFollowState *state, const StateField *field)
{
  gconstpointer member = (const guint8 *) state + field->offset;
  char lsn[PGM_LSN_TEXT_SIZE];

  switch (field->type)
    {
    case STATE_BOOL:
      g_string_append (sql, *(const gboolean *) member ? "true" : "false");
      break;
    case STATE_INT:
      g_string_append_printf (sql, "%d", *(const int *) member);
      break;
    case STATE_UINT32:
      g_string_append_printf (sql, "%u", *(const guint32 *) member);
      break;
    case STATE_UINT64:
      g_string_append_printf (sql, "%" G_GUINT64_FORMAT, *(const guint64 *) member);
      break;
    case STATE_LSN:
      g_string_append_printf (sql, "'%s'", pgm_lsn_format (*(const PgmLsn *) member, lsn));
      break;
    case STATE_TEXT:
    default:
      pgm_quote_append_literal (sql, *(char *const *) member);
      break;
    }
}

static gboolean
read_value (PgmFollowState *state, const StateField *field, const char *text, GError **error)
{
  gpointer member = G_STRUCT_MEMBER_P (state, field->offset);

  switch (field->type)
    {
    case STATE_BOOL:
      *(gboolean *) member = g_strcmp0 (text, "t") == 0;
      break;
    case STATE_INT:
      *(int *) member = text != NULL ? (int) g_ascii_strtoll (text, NULL, 10) : 0;
      break;
    case STATE_UINT32:
      *(guint32 *) member = text != NULL ? (guint32) g_ascii_strtoull (text, NULL, 10) : 0;
      break;
    case STATE_UINT64:
      *(guint64 *) member = text != NULL ? g_ascii_strtoull (text, NULL, 10) : 0;
      break;
    case STATE_LSN:
      return text == NULL || pgm_lsn_parse (text, member, error);
    case STATE_TEXT:
    default:
      *(char **) member = g_strdup (text);
      break;
    }
  return TRUE;
}

static gboolean
state_exists (PgmConnection *destination,
              gboolean *exists,
              GCancellable *cancellable,
              GError **error)
{
  g_autofree char *text = pgm_connection_query_value (
      destination, "SELECT to_regclass('pgmanager.follow_job') IS NOT NULL", 0, NULL, cancellable,
      error);

  *exists = g_strcmp0 (text, "t") == 0;
  return text != NULL;
}

static gboolean
read_tables (PgmFollowState *self,
             PgmConnection *destination,
             GCancellable *cancellable,
             GError **error)
{
  g_autoptr (PgmResult) rows =
      pgm_connection_query (destination, "SELECT table_name, lsn FROM pgmanager.follow_table", 0,
                            NULL, cancellable, error);

  if (rows == NULL)
    return FALSE;
  for (guint row = 0; row < pgm_result_get_rows (rows); row++)
    {
      PgmLsn lsn = 0;

      if (!pgm_lsn_parse (pgm_result_get_or (rows, row, 1, ""), &lsn, error))
        return FALSE;
      pgm_follow_state_set_copied_until (self, pgm_result_get_or (rows, row, 0, ""), lsn);
    }
  return TRUE;
}

static PgmResult *
read_row (PgmConnection *destination, GCancellable *cancellable, GError **error)
{
  PgmResult *row = pgm_connection_query (destination, "SELECT * FROM pgmanager.follow_job", 0, NULL,
                                         cancellable, error);

  if (row == NULL || pgm_result_get_rows (row) == 1)
    return row;
  pgm_error_set_full (error, PGM_ERROR_REFUSED, NULL, NULL,
                      "Remove it with `pgmanager cleanup`, then start anew.",
                      "the state of the following job on the destination is damaged");
  pgm_result_free (row);
  return NULL;
}

gboolean
pgm_follow_state_read (PgmConnection *destination,
                       PgmFollowState **state,
                       GCancellable *cancellable,
                       GError **error)
{
  g_autoptr (PgmFollowState) self = pgm_follow_state_new ();
  g_autoptr (PgmResult) row = NULL;
  gboolean exists = FALSE;

  *state = NULL;
  if (!state_exists (destination, &exists, cancellable, error))
    return FALSE;
  if (!exists)
    return TRUE;
  row = read_row (destination, cancellable, error);
  if (row == NULL)
    return FALSE;
  for (guint column = 0; column < pgm_result_get_columns (row); column++)
    for (gsize i = 0; i < G_N_ELEMENTS (fields); i++)
      if (g_str_equal (fields[i].column, pgm_result_get_name (row, column)) &&
          !read_value (self, &fields[i], pgm_result_get (row, 0, column), error))
        return FALSE;
  if (!read_tables (self, destination, cancellable, error))
    return FALSE;
  *state = g_steal_pointer (&self);
  return TRUE;
}

static void
append_definition (GString *sql)
{
  g_string_append (sql, "CREATE SCHEMA IF NOT EXISTS pgmanager;"
                        "CREATE TABLE pgmanager.follow_job (");
  for (gsize i = 0; i < G_N_ELEMENTS (fields); i++)
    g_string_append_printf (sql, "%s%s %s", i > 0 ? ", " : "", fields[i].column,
                            type_to_sql (fields[i].type));
  g_string_append (sql, ");"
                        "CREATE TABLE pgmanager.follow_table ("
                        "  table_name text PRIMARY KEY, lsn pg_lsn NOT NULL);");
}

static void
append_row (GString *sql, const PgmFollowState *state)
{
  g_string_append (sql, "DELETE FROM pgmanager.follow_job; INSERT INTO pgmanager.follow_job (");
  for (gsize i = 0; i < G_N_ELEMENTS (fields); i++)
    g_string_append_printf (sql, "%s%s", i > 0 ? ", " : "", fields[i].column);
  g_string_append (sql, ") VALUES (");
  for (gsize i = 0; i < G_N_ELEMENTS (fields); i++)
    {
      g_string_append (sql, i > 0 ? ", " : "");
      append_value (sql, state, &fields[i]);
    }
  g_string_append (sql, "); DELETE FROM pgmanager.follow_table");
}

static void
append_tables (GString *sql, const PgmFollowState *state)
{
  GHashTableIter iter;
  gpointer name = NULL;
  gpointer lsn = NULL;
  guint n = 0;

  g_hash_table_iter_init (&iter, state->copied_until);
  while (g_hash_table_iter_next (&iter, &name, &lsn))
    {
      char text[PGM_LSN_TEXT_SIZE];

      g_string_append (sql, n++ == 0 ? "; INSERT INTO pgmanager.follow_table VALUES (" : ", (");
      pgm_quote_append_literal (sql, name);
      g_string_append_printf (sql, ", '%s')", pgm_lsn_format (*(PgmLsn *) lsn, text));
    }
}

gboolean
pgm_follow_state_write (PgmConnection *destination,
                        const PgmFollowState *state,
                        GCancellable *cancellable,
                        GError **error)
{
  g_autoptr (GString) sql = g_string_new (NULL);
  gboolean exists = FALSE;

  if (!state_exists (destination, &exists, cancellable, error))
    return FALSE;
  if (!exists)
    append_definition (sql);
  append_row (sql, state);
  append_tables (sql, state);
  /* Several statements in one string are one transaction. */
  return pgm_connection_exec (destination, sql->str, cancellable, error);
}

gboolean
pgm_follow_state_drop (PgmConnection *destination, GCancellable *cancellable, GError **error)
{
  return pgm_connection_exec (destination,
                              "DROP TABLE IF EXISTS pgmanager.follow_job, pgmanager.follow_table",
                              cancellable, error) &&
         pgm_ledger_drop_schema (destination, cancellable, error);
}

void
pgm_follow_state_set_copied_until (PgmFollowState *self, const char *table, PgmLsn lsn)
{
  g_hash_table_insert (self->copied_until, g_strdup (table), g_memdup2 (&lsn, sizeof lsn));
}

PgmLsn
pgm_follow_state_get_last_copy (const PgmFollowState *self)
{
  GHashTableIter iter;
  gpointer lsn = NULL;
  PgmLsn last = 0;

  g_hash_table_iter_init (&iter, self->copied_until);
  while (g_hash_table_iter_next (&iter, NULL, &lsn))
    last = MAX (last, *(PgmLsn *) lsn);
  return last;
}
