#include "migration/apply-write.h"

#include <string.h>

#include "migration/apply-array.h"
#include "migration/apply-sql.h"
#include "postgres/copy.h"

/* Rows of one statement: enough to make its fixed cost small, few enough to keep
 * the server's copy of the arrays in its caches. */
#define SET_ROWS_MAX  500u
#define SET_BYTES_MAX ((gsize) 1024 * 1024)

/* From here on the two round trips of a COPY are worth it. */
#define COPY_ROWS 500u

/* What a COPY sends at a time is gathered first. */
#define COPY_BYTES_MAX ((guint) 4 * 1024 * 1024)

struct _PgmApplyWriter
{
  PgmConnection *connection;
  PgmPipeline *pipeline;
  GCancellable *cancellable;
  guint copy_rows;
  GByteArray *memory; /* of the parameters of one statement */
  GArray *params;     /* PgmParam */
  GArray *arrays;     /* PgmApplyArray */
  GArray *sizes;      /* gsize: of each array, at most */
};

PgmApplyWriter *
pgm_apply_writer_new (PgmConnection *connection, PgmPipeline *pipeline, GCancellable *cancellable)
{
  PgmApplyWriter *self = g_new0 (PgmApplyWriter, 1);

  self->connection = connection;
  self->pipeline = pipeline;
  self->cancellable = cancellable;
  self->copy_rows = COPY_ROWS;
  self->memory = g_byte_array_new ();
  self->params = g_array_new (FALSE, TRUE, sizeof (PgmParam));
  self->arrays = g_array_new (FALSE, TRUE, sizeof (PgmApplyArray));
  self->sizes = g_array_new (FALSE, TRUE, sizeof (gsize));
  return self;
}

void
pgm_apply_writer_free (PgmApplyWriter *self)
{
  if (self == NULL)
    return;
  g_byte_array_unref (self->memory);
  g_array_unref (self->params);
  g_array_unref (self->arrays);
  g_array_unref (self->sizes);
  g_free (self);
}

void
pgm_apply_writer_set_copy_rows (PgmApplyWriter *self, guint rows)
{
  self->copy_rows = rows != 0 ? rows : COPY_ROWS;
}

static gboolean
same_mask (const PgmApplyTable *table, const guint8 *a, const guint8 *b)
{
  if (a == NULL || b == NULL)
    return a == b;
  return memcmp (a, b, (table->n_columns + 7) / 8) == 0;
}

static const PgmApplyStatement *
get_statement (PgmApplyTable *table,
               PgmApplyStatementKind kind,
               const guint8 *unchanged,
               gboolean finder)
{
  PgmApplyStatement made;

  for (guint i = 0; i < table->statements->len; i++)
    {
      const PgmApplyStatement *known = &g_array_index (table->statements, PgmApplyStatement, i);
      if (known->kind == kind && known->finder == finder &&
          same_mask (table, known->unchanged, unchanged))
        return known;
    }
  pgm_apply_statement_init (&made, table, kind, unchanged, finder);
  g_array_append_val (table->statements, made);
  return &g_array_index (table->statements, PgmApplyStatement, table->statements->len - 1);
}

/* The value of a statement's parameter @i. */
static const PgmValue *
get_value (const PgmApplyStatement *statement, guint i, const PgmTuple *old, const PgmTuple *new)
{
  guint n_old = statement->old_columns->len;

  if (i < n_old)
    return &old->values[g_array_index (statement->old_columns, guint, i)];
  return &new->values[g_array_index (statement->new_columns, guint, i - n_old)];
}

static const PgmApplyColumn *
get_column (const PgmApplyTable *table, const PgmApplyStatement *statement, guint i)
{
  guint n_old = statement->old_columns->len;

  if (i < n_old)
    return &table->columns[g_array_index (statement->old_columns, guint, i)];
  return &table->columns[g_array_index (statement->new_columns, guint, i - n_old)];
}

static gboolean
check_value (const PgmApplyTable *table, const PgmValue *value, GError **error)
{
  if (value->kind == PGM_VALUE_TEXT || value->kind == PGM_VALUE_NULL)
    return TRUE;
  pgm_error_set (error, PGM_ERROR_PROTOCOL,
                 "source: a row of \"%s\".\"%s\" has a value that is not there or not text",
                 table->relation->schema, table->relation->name);
  return FALSE;
}

/* How many of the rows from @first on go into one statement; what each array takes
 * goes into self->sizes. */
static gboolean
measure (PgmApplyWriter *self,
         const PgmApplyTable *table,
         const PgmApplyStatement *statement,
         const GArray *rows,
         guint first,
         guint *n_rows,
         GError **error)
{
  guint n_params = pgm_prepared_get_n_params (statement->prepared);
  gsize *sizes = NULL;
  gsize total = 0;
  guint n = 0;

  g_array_set_size (self->sizes, 0);
  g_array_set_size (self->sizes, n_params);
  sizes = (gsize *) (gpointer) self->sizes->data;
  for (guint i = 0; i < n_params; i++)
    sizes[i] = PGM_APPLY_ARRAY_OVERHEAD;
  for (; first + n < rows->len && n < SET_ROWS_MAX && total < SET_BYTES_MAX; n++)
    {
      const PgmFoldRow *row = &g_array_index (rows, PgmFoldRow, first + n);
      for (guint i = 0; i < n_params; i++)
        {
          const PgmValue *value = get_value (statement, i, row->key, row->row);
          gsize size = pgm_apply_array_reserve (get_column (table, statement, i), value);
          if (!check_value (table, value, error))
            return FALSE;
          sizes[i] += size;
          total += size;
        }
    }
  *n_rows = n;
  return TRUE;
}

static void
lay_arrays (PgmApplyWriter *self, const PgmApplyTable *table, const PgmApplyStatement *statement)
{
  guint n_params = pgm_prepared_get_n_params (statement->prepared);
  gsize total = 0;

  for (guint i = 0; i < n_params; i++)
    total += g_array_index (self->sizes, gsize, i);
  if (self->memory->len < total)
    g_byte_array_set_size (self->memory, (guint) total);
  g_array_set_size (self->arrays, n_params);
  g_array_set_size (self->params, n_params);
  total = 0;
  for (guint i = 0; i < n_params; i++)
    {
      pgm_apply_array_begin (&g_array_index (self->arrays, PgmApplyArray, i),
                             get_column (table, statement, i), (char *) self->memory->data + total);
      total += g_array_index (self->sizes, gsize, i);
    }
}

static gboolean
write_some (PgmApplyWriter *self,
            PgmApplyTable *table,
            const PgmApplyStatement *statement,
            const GArray *rows,
            guint first,
            guint n_rows,
            GError **error)
{
  guint n_params = pgm_prepared_get_n_params (statement->prepared);
  PgmApplyArray *arrays = NULL;

  lay_arrays (self, table, statement);
  arrays = (PgmApplyArray *) (gpointer) self->arrays->data;
  for (guint r = first; r < first + n_rows; r++)
    {
      const PgmFoldRow *row = &g_array_index (rows, PgmFoldRow, r);
      for (guint i = 0; i < n_params; i++)
        pgm_apply_array_add (&arrays[i], get_value (statement, i, row->key, row->row));
    }
  for (guint i = 0; i < n_params; i++)
    g_array_index (self->params, PgmParam, i) = pgm_apply_array_end (&arrays[i], n_rows);
  return pgm_pipeline_execute (self->pipeline, statement->prepared,
                               (const PgmParam *) (gpointer) self->params->data, n_rows, NULL,
                               error);
}

static void
forget_copied (PgmApplyWriter *self)
{
  /* One value may have been huge. */
  if (self->memory->len <= 2 * COPY_BYTES_MAX)
    return;
  g_byte_array_unref (self->memory);
  self->memory = g_byte_array_new ();
}

/* The number is checked like that of any statement (A10). */
static gboolean
put_lines (PgmApplyWriter *self,
           const PgmApplyTable *table,
           const char *sql,
           guint n_rows,
           GError **error)
{
  guint64 taken = 0;

  if (!pgm_copy_put (self->connection, sql, self->memory->data, self->memory->len, &taken,
                     self->cancellable, error))
    return FALSE;
  if (taken == n_rows)
    return TRUE;
  pgm_error_set_full (error, PGM_ERROR_FAILED, PGM_PIPELINE_MISCOUNT, sql, NULL,
                      "destination: of %u rows for %s %" G_GUINT64_FORMAT " were taken", n_rows,
                      table->target, taken);
  return FALSE;
}

static gboolean
copy_rows (PgmApplyWriter *self, PgmApplyTable *table, const GArray *rows, GError **error)
{
  g_autofree char *sql = pgm_apply_sql_copy (table);
  guint done = 0;

  if (!pgm_pipeline_sync (self->pipeline, error))
    return FALSE;
  while (done < rows->len)
    {
      guint first = done;
      g_byte_array_set_size (self->memory, 0);
      for (; done < rows->len && self->memory->len < COPY_BYTES_MAX; done++)
        pgm_apply_copy_add (self->memory, table, g_array_index (rows, PgmFoldRow, done).row);
      if (!put_lines (self, table, sql, done - first, error))
        return FALSE;
    }
  forget_copied (self);
  return TRUE;
}

static gboolean
write_set (PgmApplyWriter *self, PgmApplyTable *table, const PgmFoldSet *set, GError **error)
{
  PgmApplyStatementKind kind = set->kind == PGM_CHANGE_INSERT   ? PGM_APPLY_SET_INSERT
                               : set->kind == PGM_CHANGE_UPDATE ? PGM_APPLY_SET_UPDATE
                                                                : PGM_APPLY_SET_DELETE;
  const PgmApplyStatement *statement = NULL;
  guint n_rows = 0;

  if (kind == PGM_APPLY_SET_INSERT && table->copy && set->rows->len >= self->copy_rows)
    return copy_rows (self, table, set->rows, error);
  statement = get_statement (table, kind, set->unchanged, FALSE);
  if (statement->prepared == NULL)
    return TRUE;
  for (guint done = 0; done < set->rows->len; done += n_rows)
    if (!measure (self, table, statement, set->rows, done, &n_rows, error) ||
        !write_some (self, table, statement, set->rows, done, n_rows, error))
      return FALSE;
  forget_copied (self);
  return TRUE;
}

/* Rows. */

static gboolean
same_value (const PgmValue *a, const PgmValue *b)
{
  return a->kind == b->kind && a->size == b->size &&
         (a->size == 0 || memcmp (a->data, b->data, a->size) == 0);
}

/* Does the update change a column that UPDATE can't set? Without the whole old row
 * nobody knows. */
static gboolean
needs_move (const PgmApplyTable *table, const PgmChange *change, gboolean rekey)
{
  for (guint i = 0; i < table->n_columns; i++)
    {
      const PgmApplyColumn *column = &table->columns[i];
      gboolean known = change->row.old != NULL && (!change->row.old_is_key || column->key);
      if (!column->always || column->skipped || (column->key && !rekey))
        continue;
      if (!known || !same_value (&change->row.old->values[i], &change->row.new->values[i]))
        return TRUE;
    }
  return FALSE;
}

static PgmApplyStatementKind
choose_row_kind (const PgmApplyTable *table, const PgmChange *change)
{
  gboolean rekey = FALSE;

  if (change->kind == PGM_CHANGE_INSERT)
    return PGM_APPLY_ROW_INSERT;
  if (change->kind == PGM_CHANGE_DELETE)
    return PGM_APPLY_ROW_DELETE;
  rekey = !table->full && pgm_fold_key_changes (&table->fold, change);
  if (needs_move (table, change, rekey))
    return PGM_APPLY_ROW_MOVE;
  return rekey ? PGM_APPLY_ROW_REKEY : PGM_APPLY_ROW_UPDATE;
}

static guint8 *
find_unchanged (const PgmApplyTable *table, const PgmChange *change)
{
  guint8 *unchanged = NULL;

  for (guint i = 0; change->kind == PGM_CHANGE_UPDATE && i < table->n_columns; i++)
    {
      if (change->row.new->values[i].kind != PGM_VALUE_UNCHANGED)
        continue;
      if (unchanged == NULL)
        unchanged = g_malloc0 ((table->n_columns + 7) / 8);
      unchanged[i / 8] |= (guint8) (1u << (i % 8));
    }
  return unchanged;
}

/* libpq wants text to end with NUL. */
static void
lay_text (PgmApplyWriter *self, const PgmApplyStatement *statement, const PgmChange *change)
{
  guint n_params = pgm_prepared_get_n_params (statement->prepared);
  const PgmTuple *old = change->row.old != NULL ? change->row.old : change->row.new;
  gsize total = 0;
  char *at = NULL;

  for (guint i = 0; i < n_params; i++)
    total += get_value (statement, i, old, change->row.new)->size + 1;
  if (self->memory->len < total)
    g_byte_array_set_size (self->memory, (guint) total);
  g_array_set_size (self->params, n_params);
  at = (char *) self->memory->data;
  for (guint i = 0; i < n_params; i++)
    {
      const PgmValue *value = get_value (statement, i, old, change->row.new);
      PgmParam *param = &g_array_index (self->params, PgmParam, i);

      *param = (PgmParam){ .data = value->data != NULL ? at : NULL, .size = value->size };
      if (value->data != NULL)
        memcpy (at, value->data, value->size);
      at[value->data != NULL ? value->size : 0] = '\0';
      at += value->size + 1;
    }
}

static gboolean
check_values (const PgmApplyTable *table,
              const PgmApplyStatement *statement,
              const PgmChange *change,
              GError **error)
{
  const PgmTuple *old = change->row.old != NULL ? change->row.old : change->row.new;

  for (guint i = 0; i < pgm_prepared_get_n_params (statement->prepared); i++)
    if (!check_value (table, get_value (statement, i, old, change->row.new), error))
      return FALSE;
  return TRUE;
}

static gboolean
check_old (const PgmApplyTable *table, const PgmChange *change, GError **error)
{
  if (change->kind == PGM_CHANGE_INSERT || table->fold.n_keys > 0 ||
      (table->full && change->row.old != NULL))
    return TRUE;
  pgm_error_set (error, PGM_ERROR_PROTOCOL,
                 "source: a row of \"%s\".\"%s\" is changed that nothing identifies",
                 table->relation->schema, table->relation->name);
  return FALSE;
}

static gboolean
write_row (PgmApplyWriter *self, const PgmFoldChange *fold_change, GError **error)
{
  PgmApplyTable *table = (PgmApplyTable *) fold_change->table;
  const PgmChange *change = fold_change->change;
  g_autofree guint8 *unchanged = find_unchanged (table, change);
  const PgmApplyStatement *statement = NULL;
  gboolean finder = FALSE;

  if (!check_old (table, change, error))
    return FALSE;
  if (table->finder != NULL && change->row.old != NULL)
    finder = change->row.old->values[table->finder - table->columns].data != NULL;
  statement = get_statement (table, choose_row_kind (table, change), unchanged, finder);
  if (statement->prepared == NULL)
    return TRUE;
  if (!check_values (table, statement, change, error))
    return FALSE;
  lay_text (self, statement, change);
  return pgm_pipeline_execute (self->pipeline, statement->prepared,
                               (const PgmParam *) (gpointer) self->params->data, 1, fold_change,
                               error);
}

/* Every table that the source truncated is named, those that CASCADE reached as
 * well; on this side it reaches no further. */
static gboolean
write_truncate (PgmApplyWriter *self, const PgmFoldChange *change, GError **error)
{
  g_autoptr (GString) sql = g_string_new ("TRUNCATE ");

  for (guint i = 0; change->tables[i] != NULL; i++)
    {
      const PgmApplyTable *table = (const PgmApplyTable *) change->tables[i];
      g_string_append_printf (sql, "%s%s%s", i > 0 ? ", " : "", table->only, table->target);
    }
  g_string_append (sql, change->change->truncate.restart_identity ? " RESTART IDENTITY" : "");
  return pgm_pipeline_sync (self->pipeline, error) &&
         pgm_connection_exec (self->connection, sql->str, self->cancellable, error);
}

gboolean
pgm_apply_writer_write (PgmApplyWriter *self, const PgmFoldStep *step, GError **error)
{
  if (step->kind == PGM_FOLD_SETS)
    {
      for (guint i = 0; i < step->sets->len; i++)
        if (!write_set (self, (PgmApplyTable *) step->table,
                        &g_array_index (step->sets, PgmFoldSet, i), error))
          return FALSE;
      return TRUE;
    }
  for (guint i = 0; i < step->rows->len; i++)
    {
      const PgmFoldChange *change = &g_array_index (step->rows, PgmFoldChange, i);
      if (change->table != NULL ? !write_row (self, change, error)
                                : !write_truncate (self, change, error))
        return FALSE;
    }
  return TRUE;
}

/* For messages. */

#define TEXT_MAX 200

static void
append_value (GString *text, const PgmValue *value)
{
  if (value->kind == PGM_VALUE_UNCHANGED)
    g_string_append (text, "(unchanged)");
  else if (value->data == NULL)
    g_string_append (text, "NULL");
  else
    {
      g_autofree char *valid =
          g_utf8_make_valid (value->data, (gssize) MIN (value->size, TEXT_MAX));
      g_string_append_printf (text, "%s%s", valid, value->size > TEXT_MAX ? "…" : "");
    }
}

static char *
tuple_text (const PgmApplyTable *table, const PgmTuple *tuple, gboolean key_only)
{
  g_autoptr (GString) names = g_string_new ("(");
  g_autoptr (GString) values = g_string_new ("(");

  for (guint i = 0; i < table->n_columns; i++)
    {
      if (key_only && table->fold.n_keys > 0 && !table->columns[i].key)
        continue;
      if (names->len > 1)
        {
          g_string_append (names, ", ");
          g_string_append (values, ", ");
        }
      g_string_append (names, table->relation->columns[i].name);
      append_value (values, &tuple->values[i]);
    }
  return g_strdup_printf ("%s)=%s)", names->str, values->str);
}

char *
pgm_apply_key_text (const PgmApplyTable *table, const PgmTuple *tuple)
{
  return tuple_text (table, tuple, TRUE);
}

char *
pgm_apply_row_text (const PgmApplyTable *table, const PgmTuple *tuple)
{
  return tuple_text (table, tuple, FALSE);
}
