#include "engine/asks-private.h"

#include "core/units.h"
#include "engine/nodes.h"
#include "postgres/inspect.h"

static char *
copy_text (PgmResult *rows, guint row, guint column)
{
  return g_strdup (pgm_result_get (rows, row, column));
}

static guint64
get_bytes (PgmResult *rows, guint row, guint column)
{
  return (guint64) MAX (pgm_result_get_int64 (rows, row, column), 0);
}

static gboolean
read_server (PgmIntrospection *self, PgmNodeSession *session, GError **error)
{
  g_autoptr (PgmResult) row = pgm_inspect_server (session->connection, session->cancellable, error);

  if (row == NULL)
    return FALSE;
  self->version = copy_text (row, 0, PGM_INSPECT_SERVER_VERSION);
  self->is_replica = pgm_result_get_bool (row, 0, PGM_INSPECT_SERVER_REPLICA);
  self->started_at = pgm_result_get_int64 (row, 0, PGM_INSPECT_SERVER_STARTED);
  self->uptime = pgm_format_duration (
      g_ascii_strtod (pgm_result_get_or (row, 0, PGM_INSPECT_SERVER_UPTIME, "0"), NULL));
  self->max_connections = pgm_result_get_int64 (row, 0, PGM_INSPECT_SERVER_MAX_CONNECTIONS);
  self->database = copy_text (row, 0, PGM_INSPECT_SERVER_DATABASE);
  return TRUE;
}

static gboolean
read_databases (PgmIntrospection *self, PgmNodeSession *session, GError **error)
{
  g_autoptr (PgmResult) rows =
      pgm_inspect_databases (session->connection, session->cancellable, error);

  for (guint row = 0; rows != NULL && row < pgm_result_get_rows (rows); row++)
    {
      PgmDatabaseSize *database = pgm_record_new (&pgm_database_size_type);

      database->name = copy_text (rows, row, PGM_INSPECT_DATABASE_NAME);
      database->owner = copy_text (rows, row, PGM_INSPECT_DATABASE_OWNER);
      database->size_bytes = get_bytes (rows, row, PGM_INSPECT_DATABASE_BYTES);
      database->size = pgm_format_bytes (database->size_bytes);
      self->cluster_bytes += database->size_bytes;
      g_ptr_array_add (self->databases, database);
    }
  self->cluster_size = pgm_format_bytes (self->cluster_bytes);
  return rows != NULL;
}

static PgmTableSize *
row_to_table (PgmResult *rows, guint row)
{
  PgmTableSize *table = pgm_record_new (&pgm_table_size_type);

  table->schema = copy_text (rows, row, PGM_INSPECT_TABLE_SCHEMA);
  table->name = copy_text (rows, row, PGM_INSPECT_TABLE_NAME);
  table->row_count = pgm_result_get_int64 (rows, row, PGM_INSPECT_TABLE_ROWS);
  table->total_bytes = get_bytes (rows, row, PGM_INSPECT_TABLE_TOTAL_BYTES);
  table->data_bytes = get_bytes (rows, row, PGM_INSPECT_TABLE_DATA_BYTES);
  table->index_bytes = get_bytes (rows, row, PGM_INSPECT_TABLE_INDEX_BYTES);
  table->total_size = pgm_format_bytes (table->total_bytes);
  table->data_size = pgm_format_bytes (table->data_bytes);
  table->index_size = pgm_format_bytes (table->index_bytes);
  return table;
}

static PgmSchemaSize *
row_to_schema (PgmResult *rows, guint row)
{
  PgmSchemaSize *schema = pgm_record_new (&pgm_schema_size_type);

  schema->name = copy_text (rows, row, PGM_INSPECT_TABLE_SCHEMA);
  schema->table_count = pgm_result_get_int64 (rows, row, PGM_INSPECT_TABLE_SCHEMA_COUNT);
  schema->total_bytes = get_bytes (rows, row, PGM_INSPECT_TABLE_SCHEMA_BYTES);
  schema->total_size = pgm_format_bytes (schema->total_bytes);
  return schema;
}

static PgmDatabaseSize *
find_database (PgmIntrospection *self)
{
  for (guint i = 0; i < self->databases->len; i++)
    {
      PgmDatabaseSize *database = g_ptr_array_index (self->databases, i);

      if (g_strcmp0 (database->name, self->database) == 0)
        return database;
    }
  return NULL; /* a template */
}

static gboolean
read_tables (PgmIntrospection *self, PgmNodeSession *session, GError **error)
{
  g_autoptr (PgmResult) rows = NULL;
  PgmDatabaseSize *database = find_database (self);
  PgmSchemaSize *schema = NULL;

  if (database == NULL)
    return TRUE;
  rows = pgm_inspect_tables (session->connection, session->cancellable, error);
  for (guint row = 0; rows != NULL && row < pgm_result_get_rows (rows); row++)
    {
      const char *name = pgm_result_get (rows, row, PGM_INSPECT_TABLE_SCHEMA);

      if (schema == NULL || g_strcmp0 (schema->name, name) != 0)
        {
          schema = row_to_schema (rows, row);
          g_ptr_array_add (database->schemas, schema);
        }
      if (pgm_result_get (rows, row, PGM_INSPECT_TABLE_NAME) != NULL)
        g_ptr_array_add (schema->tables, row_to_table (rows, row));
    }
  return rows != NULL;
}

static gboolean
read_parameters (PgmIntrospection *self, PgmNodeSession *session, GError **error)
{
  g_autoptr (PgmResult) rows =
      pgm_inspect_parameters (session->connection, session->cancellable, error);

  for (guint row = 0; rows != NULL && row < pgm_result_get_rows (rows); row++)
    {
      PgmParameter *parameter = pgm_record_new (&pgm_parameter_type);

      parameter->name = copy_text (rows, row, PGM_INSPECT_PARAMETER_NAME);
      parameter->setting = copy_text (rows, row, PGM_INSPECT_PARAMETER_SETTING);
      parameter->unit = copy_text (rows, row, PGM_INSPECT_PARAMETER_UNIT);
      parameter->source = copy_text (rows, row, PGM_INSPECT_PARAMETER_SOURCE);
      g_ptr_array_add (self->parameters, parameter);
    }
  return rows != NULL;
}

gpointer
pgm_answer_introspect (PgmStore *store,
                       const char *id,
                       gpointer request,
                       GCancellable *cancellable,
                       GError **error)
{
  const PgmIntrospectionQuery *query = request;
  g_autoptr (PgmNodeSession) session =
      pgm_nodes_open (store, id, query->node, query->database, cancellable, error);
  PgmIntrospection *self;

  if (session == NULL)
    return NULL;
  self = pgm_record_new (&pgm_introspection_type);
  if (read_server (self, session, error) && read_databases (self, session, error) &&
      read_tables (self, session, error) && read_parameters (self, session, error))
    return self;
  pgm_node_session_explain (session, "the introspection", error);
  pgm_record_unref (self);
  return NULL;
}
