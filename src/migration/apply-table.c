#include "migration/apply-table.h"

#include <string.h>

#include "migration/apply-sql.h"
#include "migration/apply-types.h"
#include "postgres/quote.h"

/* What is read of a column of the destination. */
enum
{
  COLUMN_NAME,
  COLUMN_GENERATED,
  COLUMN_ALWAYS,
  COLUMN_BASE,
  COLUMN_TYPE,
  COLUMN_EXACT_TYPE,
  COLUMN_SHOWN_TYPE,
  COLUMN_ARRAY,
  COLUMN_DELIMITER,
  COLUMN_INPUT,
  COLUMN_MODIFIER,
};

/* %s: is it generated? A cast from text that is a function may say something
 * else than the type's input function; one without a function takes the bytes as
 * they are, which is right for text's own kin only. Arrays of composite types
 * can't be unnested into one column. */
static const char columns_sql[] =
    "SELECT a.attname, %s, a.attidentity = 'a', b.oid, format_type(b.oid, -1),"
    " format_type(a.atttypid, -1), format_type(a.atttypid, a.atttypmod), b.typarray, b.typdelim,"
    " b.typarray <> 0 AND b.typtype <> 'c' AND (b.oid = 18 OR EXISTS (SELECT FROM pg_cast k"
    "   WHERE k.castsource = 25 AND k.casttarget = b.oid"
    "     AND (k.castmethod = 'f' OR (k.castmethod = 'b' AND b.oid >= 16384)))),"
    " CASE WHEN a.atttypmod >= 0 THEN a.atttypmod ELSE d.modifier END"
    " FROM pg_attribute a"
    " CROSS JOIN LATERAL (WITH RECURSIVE d AS ("
    "   SELECT t.oid, t.typtype, t.typbasetype, t.typtypmod, -1 AS modifier FROM pg_type t"
    "     WHERE t.oid = a.atttypid"
    "   UNION ALL SELECT t.oid, t.typtype, t.typbasetype, t.typtypmod, d.typtypmod"
    "     FROM d JOIN pg_type t ON t.oid = d.typbasetype WHERE d.typtype = 'd')"
    "   SELECT d.oid, d.modifier FROM d WHERE d.typtype <> 'd') d"
    " JOIN pg_type b ON b.oid = d.oid"
    " WHERE a.attrelid = $1::oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum";

enum
{
  INDEX_OID,
  INDEX_UNIQUE,
  INDEX_COLUMNS,
  INDEX_COLUMN,
  INDEX_NOT_NULL,
  INDEX_OPERATOR_SCHEMA,
  INDEX_OPERATOR,
  INDEX_COLLATION_SCHEMA,
  INDEX_COLLATION,
};

/* %s: the number of key columns. Strategy 3 of a btree operator family is its
 * equality, which is what the index finds by. */
static const char indexes_sql[] =
    "SELECT i.indexrelid, i.indisunique AND i.indimmediate, %s, a.attname, a.attnotnull,"
    " s.nspname, o.oprname, cs.nspname, c.collname"
    " FROM pg_index i CROSS JOIN LATERAL generate_series(0, %s - 1) k"
    " JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[k]"
    " JOIN pg_opclass f ON f.oid = i.indclass[k] AND f.opcmethod = 403"
    " JOIN pg_amop m ON m.amopfamily = f.opcfamily AND m.amopstrategy = 3"
    "   AND m.amoplefttype = f.opcintype AND m.amoprighttype = f.opcintype"
    " JOIN pg_operator o ON o.oid = m.amopopr JOIN pg_namespace s ON s.oid = o.oprnamespace"
    " LEFT JOIN pg_collation c ON c.oid = i.indcollation[k] AND c.oid <> a.attcollation"
    " LEFT JOIN pg_namespace cs ON cs.oid = c.collnamespace"
    " WHERE i.indrelid = $1::oid AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL"
    " ORDER BY i.indisprimary DESC, i.indisreplident DESC, i.indisunique DESC, i.indexrelid, k";

/* Triggers and rules that act on what is replicated see each change as it was;
 * constraints that are looked at late or that are no plain keys need the order. And
 * where there is one unique key only, updates by it may come in any order. */
static const char ordered_sql[] =
    "WITH RECURSIVE f AS (SELECT $1::oid AS oid"
    "   UNION ALL SELECT i.inhrelid FROM f JOIN pg_inherits i ON i.inhparent = f.oid"
    "     JOIN pg_class c ON c.oid = i.inhparent WHERE c.relkind = 'p')"
    " SELECT EXISTS (SELECT FROM pg_trigger t JOIN f ON f.oid = t.tgrelid WHERE t.tgenabled IN ('A', 'R'))"
    " OR EXISTS (SELECT FROM pg_rewrite r JOIN f ON f.oid = r.ev_class WHERE r.ev_enabled IN ('A', 'R'))"
    " OR EXISTS (SELECT FROM pg_index i JOIN f ON f.oid = i.indrelid WHERE i.indisexclusion"
    "     OR (i.indisunique AND NOT i.indimmediate)),"
    " NOT EXISTS (SELECT FROM pg_index i JOIN f ON f.oid = i.indrelid WHERE i.indisunique"
    "   GROUP BY f.oid HAVING count(*) > 1)";

typedef struct
{
  PgmConnection *connection;
  GCancellable *cancellable;
  PgmApplyTable *table;
  char oid[16];
} Reader;

static void
clear_column (PgmApplyColumn *column)
{
  g_free (column->name);
  g_free (column->type);
  g_free (column->exact_type);
  g_free (column->operator);
  g_free (column->collation);
}

void
pgm_apply_table_free (PgmApplyTable *self)
{
  if (self == NULL)
    return;
  for (guint i = 0; i < self->n_columns; i++)
    clear_column (&self->columns[i]);
  g_free (self->columns);
  g_free (self->fold.keys);
  g_free (self->target);
  g_free (self->only);
  g_free (self->schemas);
  g_free (self->others);
  g_clear_pointer (&self->statements, g_array_unref);
  pgm_relation_unref (self->relation);
  g_free (self);
}

static PgmResult *
ask (Reader *self, const char *sql, GError **error)
{
  const char *params[] = { self->oid };

  return pgm_connection_query (self->connection, sql, 1, params, self->cancellable, error);
}

static gboolean
refuse (const PgmApplyTable *table, GError **error, const char *format, ...) G_GNUC_PRINTF (3, 4);

static gboolean
refuse (const PgmApplyTable *table, GError **error, const char *format, ...)
{
  g_autofree char *reason = NULL;
  va_list arguments;

  va_start (arguments, format);
  reason = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  pgm_error_set_full (
      error, PGM_ERROR_REFUSED, NULL, table->schemas,
      "Make the same change on the destination, then start again: nothing has been lost.",
      "destination: table \"%s\".\"%s\" %s", table->relation->schema, table->relation->name,
      reason);
  return FALSE;
}

/* The table of that name, or the root that its rows go through. */
static gboolean
find_table (Reader *self, GHashTable *roots, GError **error)
{
  const PgmRelation *relation = self->table->relation;
  const char *params[] = { relation->schema, relation->name };
  g_autoptr (PgmResult) found = pgm_connection_query (
      self->connection,
      "SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
      " WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'p')",
      2, params, self->cancellable, error);
  gpointer oid = NULL;

  if (found == NULL)
    return FALSE;
  if (pgm_result_get_rows (found) == 0)
    {
      g_free (self->table->schemas);
      self->table->schemas = g_strdup ("Its rows come from the source.");
      return refuse (self->table, error, "does not exist");
    }
  oid = GUINT_TO_POINTER (pgm_result_get_oid (found, 0, 0));
  if (roots != NULL && g_hash_table_contains (roots, oid))
    oid = g_hash_table_lookup (roots, oid);
  g_snprintf (self->oid, sizeof self->oid, "%u", GPOINTER_TO_UINT (oid));
  return TRUE;
}

static gboolean
read_target (Reader *self, GError **error)
{
  PgmApplyTable *table = self->table;
  g_autoptr (PgmResult) row =
      ask (self,
           "SELECT n.nspname, c.relname, c.relkind = 'p' FROM pg_class c"
           " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = $1::oid",
           error);
  g_autoptr (PgmResult) ordered = row != NULL ? ask (self, ordered_sql, error) : NULL;

  if (ordered == NULL)
    return FALSE;
  if (pgm_result_get_rows (row) == 0)
    return refuse (table, error, "does not exist");
  table->target = pgm_quote_qualified (pgm_result_get (row, 0, 0), pgm_result_get (row, 0, 1));
  table->partitioned = pgm_result_get_bool (row, 0, 2);
  table->only = g_strdup (table->partitioned ? "" : "ONLY ");
  table->copy = !pgm_result_get_bool (ordered, 0, 0);
  table->fold.may_sort = pgm_result_get_bool (ordered, 0, 1);
  table->fold.mode = table->copy ? PGM_FOLD_KEYED : PGM_FOLD_ORDERED;
  return TRUE;
}

/* The number of the relation's column, or -1. */
static int
find_column (const PgmApplyTable *table, const char *name)
{
  for (guint i = 0; i < table->relation->n_columns; i++)
    if (g_str_equal (table->relation->columns[i].name, name))
      return (int) i;
  return -1;
}

static void
set_column (PgmApplyColumn *column, PgmResult *rows, guint row)
{
  column->skipped = pgm_result_get_bool (rows, row, COLUMN_GENERATED);
  column->name = pgm_quote_identifier (pgm_result_get (rows, row, COLUMN_NAME));
  column->always = pgm_result_get_bool (rows, row, COLUMN_ALWAYS);
  column->type_oid = pgm_result_get_oid (rows, row, COLUMN_BASE);
  column->type = g_strdup (pgm_result_get (rows, row, COLUMN_TYPE));
  column->exact_type = g_strdup (pgm_result_get (rows, row, COLUMN_EXACT_TYPE));
  column->array_oid = pgm_result_get_oid (rows, row, COLUMN_ARRAY);
  column->delimiter = *pgm_result_get_or (rows, row, COLUMN_DELIMITER, ",");
  column->way = pgm_result_get_bool (rows, row, COLUMN_INPUT) ? PGM_APPLY_INPUT : PGM_APPLY_CAST;
  column->collation = g_strdup ("");
}

/* Both schemas, for errors. Types of the source that only exist there have no
 * name here. */
static gboolean
describe_schemas (Reader *self, PgmResult *columns, GError **error)
{
  const PgmRelation *relation = self->table->relation;
  g_autoptr (GString) types = g_string_new ("SELECT ");
  g_autoptr (GString) text = g_string_new ("Source: ");
  g_autoptr (PgmResult) names = NULL;

  for (guint i = 0; i < relation->n_columns; i++)
    g_string_append_printf (types, "%sformat_type(%u, %d)", i > 0 ? ", " : "",
                            relation->columns[i].type_oid, relation->columns[i].type_modifier);
  names = pgm_connection_query (self->connection, types->str, 0, NULL, self->cancellable, error);
  if (names == NULL)
    return FALSE;
  for (guint i = 0; i < relation->n_columns; i++)
    g_string_append_printf (text, "%s%s %s", i > 0 ? ", " : "", relation->columns[i].name,
                            relation->columns[i].type_oid < 16384
                                ? pgm_result_get_or (names, 0, i, "?")
                                : "(a type of its own)");
  g_string_append (text, ".\nDestination: ");
  for (guint row = 0; row < pgm_result_get_rows (columns); row++)
    g_string_append_printf (text, "%s%s %s", row > 0 ? ", " : "",
                            pgm_result_get (columns, row, COLUMN_NAME),
                            pgm_result_get (columns, row, COLUMN_SHOWN_TYPE));
  g_string_append_c (text, '.');
  self->table->schemas = g_strdup (text->str);
  return TRUE;
}

static gboolean
match_column (Reader *self, guint i, PgmResult *rows, GError **error)
{
  const PgmRelationColumn *wanted = &self->table->relation->columns[i];

  for (guint row = 0; row < pgm_result_get_rows (rows); row++)
    {
      if (!g_str_equal (pgm_result_get (rows, row, COLUMN_NAME), wanted->name))
        continue;
      set_column (&self->table->columns[i], rows, row);
      if (pgm_apply_type_fits (wanted->type_oid, wanted->type_modifier,
                               self->table->columns[i].type_oid,
                               (gint32) pgm_result_get_int64 (rows, row, COLUMN_MODIFIER)))
        return TRUE;
      return refuse (self->table, error,
                     "has a column \"%s\" of a type that can't hold every value of the source's",
                     wanted->name);
    }
  return refuse (self->table, error, "has no column \"%s\"", wanted->name);
}

/* What only the destination has stays as it is, also where a row is moved. */
static char *
list_others (const PgmApplyTable *table, PgmResult *rows)
{
  g_autoptr (GString) list = g_string_new (NULL);

  for (guint row = 0; row < pgm_result_get_rows (rows); row++)
    {
      const char *name = pgm_result_get (rows, row, COLUMN_NAME);
      if (find_column (table, name) >= 0 || pgm_result_get_bool (rows, row, COLUMN_GENERATED))
        continue;
      g_string_append (list, ", ");
      pgm_quote_append_identifier (list, name);
    }
  return g_string_free (g_steal_pointer (&list), FALSE);
}

static gboolean
read_columns (Reader *self, GError **error)
{
  PgmApplyTable *table = self->table;
  g_autofree char *sql = g_strdup_printf (
      columns_sql,
      pgm_connection_get_major (self->connection) >= 12 ? "a.attgenerated <> ''" : "false");
  g_autoptr (PgmResult) rows = ask (self, sql, error);

  if (rows == NULL || !describe_schemas (self, rows, error))
    return FALSE;
  table->n_columns = table->relation->n_columns;
  table->columns = g_new0 (PgmApplyColumn, table->n_columns);
  for (guint i = 0; i < table->n_columns; i++)
    if (!match_column (self, i, rows, error))
      return FALSE;
  table->others = list_others (table, rows);
  return TRUE;
}

/* Does the index whose rows begin at @row find every row that the source can name?
 * *@next: where the next index begins. */
static gboolean
index_is_key (const PgmApplyTable *table, PgmResult *rows, guint row, guint *next)
{
  gboolean usable = pgm_result_get_bool (rows, row, INDEX_UNIQUE);
  gboolean full = table->relation->replica_identity == 'f';
  guint first = row;

  for (; row < pgm_result_get_rows (rows) &&
         pgm_result_get_oid (rows, row, INDEX_OID) == pgm_result_get_oid (rows, first, INDEX_OID);
       row++)
    {
      int column = find_column (table, pgm_result_get (rows, row, INDEX_COLUMN));
      if (column < 0 || table->columns[column].skipped || !table->relation->columns[column].key ||
          (full && !pgm_result_get_bool (rows, row, INDEX_NOT_NULL)))
        usable = FALSE;
    }
  *next = row;
  return usable && row - first == (guint) pgm_result_get_int64 (rows, first, INDEX_COLUMNS);
}

static PgmApplyColumn *
set_operator (PgmApplyTable *table, PgmResult *rows, guint row)
{
  PgmApplyColumn *column =
      &table->columns[find_column (table, pgm_result_get (rows, row, INDEX_COLUMN))];
  g_autofree char *schema =
      pgm_quote_identifier (pgm_result_get (rows, row, INDEX_OPERATOR_SCHEMA));

  g_free (column->operator);
  column->operator=
      g_strdup_printf ("OPERATOR(%s.%s)", schema, pgm_result_get (rows, row, INDEX_OPERATOR));
  if (pgm_result_get (rows, row, INDEX_COLLATION) != NULL)
    {
      g_autofree char *collation =
          pgm_quote_qualified (pgm_result_get (rows, row, INDEX_COLLATION_SCHEMA),
                               pgm_result_get (rows, row, INDEX_COLLATION));
      g_free (column->collation);
      column->collation = g_strconcat (" COLLATE ", collation, NULL);
    }
  return column;
}

static void
use_key (PgmApplyTable *table, PgmResult *rows, guint first, guint next)
{
  table->fold.keys = g_new0 (guint, next - first);
  for (guint row = first; row < next; row++)
    {
      PgmApplyColumn *column = set_operator (table, rows, row);
      column->key = TRUE;
      table->fold.keys[table->fold.n_keys++] = (guint) (column - table->columns);
      /* Sets are found by arrays of key values: see apply-sql.c. */
      if (column->array_oid == 0)
        table->fold.mode = PGM_FOLD_ORDERED;
    }
}

/* A row that is found by all its columns may at least be searched by an index. */
static void
choose_finder (PgmApplyTable *table, PgmResult *rows)
{
  guint32 previous = 0;

  for (guint row = 0; row < pgm_result_get_rows (rows) && table->finder == NULL; row++)
    {
      guint32 index = pgm_result_get_oid (rows, row, INDEX_OID);
      int column = find_column (table, pgm_result_get (rows, row, INDEX_COLUMN));
      if (index != previous && column >= 0 && !table->columns[column].skipped)
        table->finder = set_operator (table, rows, row);
      previous = index;
    }
}

static gboolean
has_identity (const PgmRelation *relation)
{
  if (relation->replica_identity == 'n')
    return FALSE;
  for (guint i = 0; i < relation->n_columns; i++)
    if (relation->columns[i].key)
      return TRUE;
  return relation->replica_identity == 'f';
}

static gboolean
choose_identity (PgmApplyTable *table, PgmResult *rows, GError **error)
{
  guint next = 0;

  if (!has_identity (table->relation))
    {
      if (table->fold.mode == PGM_FOLD_KEYED)
        table->fold.mode = PGM_FOLD_APPEND;
      return TRUE;
    }
  for (guint row = 0; row < pgm_result_get_rows (rows); row = next)
    if (index_is_key (table, rows, row, &next))
      {
        use_key (table, rows, row, next);
        return TRUE;
      }
  if (table->relation->replica_identity != 'f')
    return refuse (table, error, "has no valid unique index that rows can be found by");
  table->full = TRUE;
  choose_finder (table, rows);
  if (table->fold.mode == PGM_FOLD_KEYED)
    table->fold.mode = PGM_FOLD_APPEND;
  return TRUE;
}

static gboolean
read_identity (Reader *self, GError **error)
{
  PgmApplyTable *table = self->table;
  const char *n_keys =
      pgm_connection_get_major (self->connection) >= 11 ? "i.indnkeyatts" : "i.indnatts";
  g_autofree char *sql = g_strdup_printf (indexes_sql, n_keys, n_keys);
  g_autoptr (PgmResult) rows = ask (self, sql, error);

  if (rows == NULL || !choose_identity (table, rows, error))
    return FALSE;
  for (guint i = 0; i < table->n_columns; i++)
    table->has_always |=
        table->columns[i].always && !table->columns[i].key && !table->columns[i].skipped;
  return TRUE;
}

/* More columns than this make a statement over sets slower than one row after the
 * other. */
#define SET_COLUMNS_MAX 200

static void
clear_statement (gpointer data)
{
  pgm_apply_statement_clear (data);
}

PgmApplyTable *
pgm_apply_table_read (PgmConnection *connection,
                      PgmRelation *relation,
                      GHashTable *roots,
                      guint index,
                      GCancellable *cancellable,
                      GError **error)
{
  g_autoptr (PgmApplyTable) self = g_new0 (PgmApplyTable, 1);
  Reader reader = { .connection = connection, .cancellable = cancellable, .table = self };

  self->relation = pgm_relation_ref (relation);
  self->fold.index = index;
  self->statements = g_array_new (FALSE, TRUE, sizeof (PgmApplyStatement));
  g_array_set_clear_func (self->statements, clear_statement);
  if (!find_table (&reader, roots, error) || !read_target (&reader, error) ||
      !read_columns (&reader, error) || !read_identity (&reader, error))
    return NULL;
  if (self->n_columns == 0 || self->n_columns > SET_COLUMNS_MAX)
    self->fold.mode = PGM_FOLD_ORDERED;
  return g_steal_pointer (&self);
}
