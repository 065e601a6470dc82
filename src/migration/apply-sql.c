#include "migration/apply-sql.h"

#include <string.h>

#define TEXT_ARRAY_OID 1009u

static gboolean
is_set (PgmApplyStatementKind kind)
{
  return kind == PGM_APPLY_SET_INSERT || kind == PGM_APPLY_SET_UPDATE ||
         kind == PGM_APPLY_SET_DELETE;
}

static gboolean
is_insert (PgmApplyStatementKind kind)
{
  return kind == PGM_APPLY_SET_INSERT || kind == PGM_APPLY_ROW_INSERT;
}

static gboolean
is_delete (PgmApplyStatementKind kind)
{
  return kind == PGM_APPLY_SET_DELETE || kind == PGM_APPLY_ROW_DELETE;
}

/* Does the column get a value? A key's only when it changes; an update can't give
 * one to GENERATED ALWAYS AS IDENTITY. */
static gboolean
is_written (const PgmApplyStatement *self, const PgmApplyTable *table, guint i)
{
  const PgmApplyColumn *column = &table->columns[i];

  if (column->skipped || is_delete (self->kind) || pgm_fold_is_unchanged (self->unchanged, i))
    return FALSE;
  if (is_insert (self->kind) || self->kind == PGM_APPLY_ROW_MOVE)
    return TRUE;
  return !column->always && (!column->key || self->kind == PGM_APPLY_ROW_REKEY);
}

/* An update that can't set a column makes sure that it is right already; if it is
 * not, the row isn't found, and then it is moved. */
static gboolean
is_compared (const PgmApplyStatement *self, const PgmApplyTable *table, guint i)
{
  const PgmApplyColumn *column = &table->columns[i];

  return self->kind == PGM_APPLY_SET_UPDATE && column->always && !column->key && !column->skipped;
}

static void
choose_columns (PgmApplyStatement *self, const PgmApplyTable *table)
{
  for (guint i = 0; i < table->n_columns && !is_insert (self->kind); i++)
    if (table->columns[i].key || (table->full && !table->columns[i].skipped))
      g_array_append_val (self->old_columns, i);
  for (guint i = 0; i < table->n_columns; i++)
    if (is_written (self, table, i) || is_compared (self, table, i))
      g_array_append_val (self->new_columns, i);
}

static guint
nth (const GArray *columns, guint i)
{
  return g_array_index (columns, guint, i);
}

/* " AND t.id OPERATOR(pg_catalog.=) $1::integer …" without the first AND.
 *
 * In sets it is ANY (ARRAY[…]) of one element: a plain equality would make the
 * planner think of the index as a sorted list to be joined, and for a table that is
 * small when the plan is made it would read all of it for every set, also once
 * the table has grown. There is no other way than the index for this one. */
static void
append_key (GString *sql, const PgmApplyStatement *self, const PgmApplyTable *table, const char *of)
{
  for (guint i = 0; i < self->old_columns->len; i++)
    {
      const PgmApplyColumn *column = &table->columns[nth (self->old_columns, i)];
      g_string_append_printf (sql, "%s%s.%s%s %s ", i > 0 ? " AND " : "", of, column->name,
                              column->collation, column->operator);
      if (is_set (self->kind))
        g_string_append_printf (sql, "ANY (ARRAY[u.o%u])", i + 1);
      else
        g_string_append_printf (sql, "$%u::%s", i + 1, column->type);
    }
}

/* Equal to the last bit, NULLs included; there need be no operator for a column's
 * type. Of equal rows one is taken (F40). The casts keep the parser from
 * comparing column by column. */
static void
append_whole_row (GString *sql, const PgmApplyStatement *self, const PgmApplyTable *table)
{
  g_autoptr (GString) values = g_string_new (NULL);
  g_autoptr (GString) columns = g_string_new (NULL);

  for (guint i = 0; i < self->old_columns->len; i++)
    {
      const PgmApplyColumn *column = &table->columns[nth (self->old_columns, i)];
      g_string_append_printf (columns, "%sx.%s", i > 0 ? ", " : "", column->name);
      g_string_append_printf (values, "%s$%u::%s", i > 0 ? ", " : "", i + 1, column->exact_type);
      if (self->finder && column == table->finder)
        g_string_append_printf (sql, "x.%s%s %s $%u::%s AND ", column->name, column->collation,
                                column->operator, i + 1, column->type);
    }
  if (self->old_columns->len == 0)
    g_string_append (sql, "true");
  else
    g_string_append_printf (sql, "ROW(%s)::record OPERATOR(pg_catalog.*=) ROW(%s)::record",
                            columns->str, values->str);
}

/* WITH f AS (…): where the row lies that equals the old one. */
static void
append_found (GString *sql, const PgmApplyStatement *self, const PgmApplyTable *table)
{
  if (!table->full || is_insert (self->kind))
    return;
  g_string_append_printf (sql, "WITH f AS (SELECT x.tableoid, x.ctid FROM %s%s AS x WHERE ",
                          table->only, table->target);
  append_whole_row (sql, self, table);
  g_string_append (sql, " LIMIT 1) ");
}

static void
append_where (GString *sql, const PgmApplyStatement *self, const PgmApplyTable *table)
{
  g_string_append (sql, " WHERE ");
  if (!table->full)
    append_key (sql, self, table, "t");
  else
    g_string_append_printf (sql, "t.ctid = (SELECT f.ctid FROM f)%s",
                            table->partitioned ? " AND t.tableoid = (SELECT f.tableoid FROM f)"
                                               : "");
}

static void
append_cast (GString *sql, const PgmApplyColumn *column, guint number, const char *alias, guint as)
{
  g_string_append_printf (sql, "p.c%u", number);
  if (column->way == PGM_APPLY_CAST)
    g_string_append_printf (sql, "::%s", column->type);
  if (alias != NULL)
    g_string_append_printf (sql, " AS %s%u", alias, as);
}

/* SELECT p.c1::integer AS o1, … FROM unnest($1, …) AS p(c1, …) */
static void
append_rows (GString *sql, const PgmApplyStatement *self, const PgmApplyTable *table)
{
  guint n_old = self->old_columns->len;
  guint n = n_old + self->new_columns->len;
  gboolean insert = is_insert (self->kind);

  g_string_append (sql, "SELECT ");
  for (guint i = 0; i < n; i++)
    {
      guint column = i < n_old ? nth (self->old_columns, i) : nth (self->new_columns, i - n_old);
      g_string_append (sql, i > 0 ? ", " : "");
      append_cast (sql, &table->columns[column], i + 1,
                   insert      ? NULL
                   : i < n_old ? "o"
                               : "n",
                   i < n_old ? i + 1 : i - n_old + 1);
    }
  /* Only the bare name may take several arrays. */
  g_string_append (sql, " FROM unnest(");
  for (guint i = 0; i < n; i++)
    g_string_append_printf (sql, "%s$%u", i > 0 ? ", " : "", i + 1);
  g_string_append (sql, ") AS p(");
  for (guint i = 0; i < n; i++)
    g_string_append_printf (sql, "%sc%u", i > 0 ? ", " : "", i + 1);
  g_string_append_c (sql, ')');
}

static void
append_new_names (GString *sql, const PgmApplyStatement *self, const PgmApplyTable *table)
{
  for (guint i = 0; i < self->new_columns->len; i++)
    g_string_append_printf (sql, "%s%s", i > 0 ? ", " : "",
                            table->columns[nth (self->new_columns, i)].name);
}

static void
append_insert (GString *sql, const PgmApplyStatement *self, const PgmApplyTable *table)
{
  g_string_append_printf (sql, "INSERT INTO %s ", table->target);
  if (self->new_columns->len == 0)
    {
      g_string_append (sql, "DEFAULT VALUES");
      return;
    }
  g_string_append_c (sql, '(');
  append_new_names (sql, self, table);
  g_string_append (sql, ") OVERRIDING SYSTEM VALUE ");
  if (is_set (self->kind))
    {
      append_rows (sql, self, table);
      return;
    }
  g_string_append (sql, "VALUES (");
  for (guint i = 0; i < self->new_columns->len; i++)
    g_string_append_printf (sql, "%s$%u", i > 0 ? ", " : "", i + 1);
  g_string_append_c (sql, ')');
}

/* FALSE: there is nothing to set. */
static gboolean
append_assignments (GString *sql, const PgmApplyStatement *self, const PgmApplyTable *table)
{
  guint n = 0;

  for (guint i = 0; i < self->new_columns->len; i++)
    {
      guint column = nth (self->new_columns, i);
      if (!is_written (self, table, column))
        continue;
      g_string_append_printf (sql, "%s%s = ", n++ > 0 ? ", " : " SET ",
                              table->columns[column].name);
      if (is_set (self->kind))
        g_string_append_printf (sql, "u.n%u", i + 1);
      else
        g_string_append_printf (sql, "$%u", self->old_columns->len + i + 1);
    }
  return n > 0;
}

static gboolean
append_update (GString *sql, const PgmApplyStatement *self, const PgmApplyTable *table)
{
  append_found (sql, self, table);
  g_string_append_printf (sql, "UPDATE %s%s AS t", table->only, table->target);
  if (!append_assignments (sql, self, table))
    return FALSE;
  if (is_set (self->kind))
    {
      g_string_append (sql, " FROM (");
      append_rows (sql, self, table);
      g_string_append (sql, ") AS u");
    }
  append_where (sql, self, table);
  for (guint i = 0; i < self->new_columns->len; i++)
    if (is_compared (self, table, nth (self->new_columns, i)))
      g_string_append_printf (sql, " AND t.%s OPERATOR(pg_catalog.=) u.n%u",
                              table->columns[nth (self->new_columns, i)].name, i + 1);
  return TRUE;
}

static void
append_delete (GString *sql, const PgmApplyStatement *self, const PgmApplyTable *table)
{
  append_found (sql, self, table);
  g_string_append_printf (sql, "DELETE FROM %s%s AS t", table->only, table->target);
  if (is_set (self->kind))
    {
      g_string_append (sql, " USING (");
      append_rows (sql, self, table);
      g_string_append (sql, ") AS u");
    }
  append_where (sql, self, table);
}

static void
append_move (GString *sql, const PgmApplyStatement *self, const PgmApplyTable *table)
{
  g_autoptr (GString) names = g_string_new (NULL);
  g_autoptr (GString) values = g_string_new (NULL);
  guint parameter = self->old_columns->len;

  for (guint i = 0; i < table->n_columns; i++)
    {
      const PgmApplyColumn *column = &table->columns[i];
      if (column->skipped)
        continue;
      g_string_append_printf (names, "%s%s", names->len > 0 ? ", " : "", column->name);
      if (is_written (self, table, i))
        g_string_append_printf (values, "%s$%u", values->len > 0 ? ", " : "", ++parameter);
      else
        g_string_append_printf (values, "%sd.%s", values->len > 0 ? ", " : "", column->name);
    }
  append_found (sql, self, table);
  g_string_append_printf (sql, "%s d AS (DELETE FROM %s%s AS t", table->full ? "," : "WITH",
                          table->only, table->target);
  append_where (sql, self, table);
  g_string_append_printf (sql,
                          " RETURNING t.*) INSERT INTO %s (%s%s) OVERRIDING SYSTEM VALUE"
                          " SELECT %s%s FROM d",
                          table->target, names->str, table->others, values->str, table->others);
}

static gboolean
append_statement (GString *sql, const PgmApplyStatement *self, const PgmApplyTable *table)
{
  switch (self->kind)
    {
    case PGM_APPLY_SET_INSERT:
    case PGM_APPLY_ROW_INSERT:
      append_insert (sql, self, table);
      return TRUE;
    case PGM_APPLY_SET_UPDATE:
    case PGM_APPLY_ROW_UPDATE:
    case PGM_APPLY_ROW_REKEY:
      return append_update (sql, self, table);
    case PGM_APPLY_ROW_MOVE:
      append_move (sql, self, table);
      return TRUE;
    case PGM_APPLY_SET_DELETE:
    case PGM_APPLY_ROW_DELETE:
    default:
      append_delete (sql, self, table);
      return TRUE;
    }
}

static guint32
parameter_type (const PgmApplyStatement *self, const PgmApplyColumn *column)
{
  if (!is_set (self->kind))
    return column->type_oid;
  return column->way == PGM_APPLY_INPUT ? column->array_oid : TEXT_ARRAY_OID;
}

static void
make_statement (PgmApplyStatement *self, const PgmApplyTable *table)
{
  guint n_old = self->old_columns->len;
  guint n = n_old + self->new_columns->len;
  g_autofree guint32 *types = g_new0 (guint32, n);
  g_autoptr (GString) sql = g_string_new (NULL);

  if (!append_statement (sql, self, table))
    return;
  for (guint i = 0; i < n; i++)
    {
      guint column = i < n_old ? nth (self->old_columns, i) : nth (self->new_columns, i - n_old);
      types[i] = parameter_type (self, &table->columns[column]);
    }
  self->prepared = pgm_prepared_new (sql->str, n, types);
}

void
pgm_apply_statement_init (PgmApplyStatement *self,
                          const PgmApplyTable *table,
                          PgmApplyStatementKind kind,
                          const guint8 *unchanged,
                          gboolean finder)
{
  *self = (PgmApplyStatement){
    .kind = kind,
    .finder = finder,
    .old_columns = g_array_new (FALSE, FALSE, sizeof (guint)),
    .new_columns = g_array_new (FALSE, FALSE, sizeof (guint)),
  };
  if (unchanged != NULL)
    self->unchanged = g_memdup2 (unchanged, (table->n_columns + 7) / 8);
  choose_columns (self, table);
  make_statement (self, table);
}

void
pgm_apply_statement_clear (PgmApplyStatement *self)
{
  g_clear_pointer (&self->unchanged, g_free);
  g_clear_pointer (&self->old_columns, g_array_unref);
  g_clear_pointer (&self->new_columns, g_array_unref);
  g_clear_pointer (&self->prepared, pgm_prepared_free);
}

char *
pgm_apply_sql_copy (const PgmApplyTable *table)
{
  g_autoptr (GString) sql = g_string_new ("COPY ");
  guint n = 0;

  g_string_append_printf (sql, "%s (", table->target);
  for (guint i = 0; i < table->n_columns; i++)
    if (!table->columns[i].skipped)
      g_string_append_printf (sql, "%s%s", n++ > 0 ? ", " : "", table->columns[i].name);
  g_string_append (sql, ") FROM STDIN");
  return g_string_free (g_steal_pointer (&sql), FALSE);
}

char *
pgm_apply_sql_find (const PgmApplyTable *table)
{
  PgmApplyStatement statement = { .kind = PGM_APPLY_ROW_DELETE };
  g_autoptr (GString) sql = g_string_new (NULL);

  statement.old_columns = g_array_new (FALSE, FALSE, sizeof (guint));
  statement.new_columns = g_array_new (FALSE, FALSE, sizeof (guint));
  choose_columns (&statement, table);
  append_found (sql, &statement, table);
  g_string_append_printf (sql, "SELECT ROW(t.*)::text FROM %s%s AS t", table->only, table->target);
  append_where (sql, &statement, table);
  pgm_apply_statement_clear (&statement);
  return g_string_free (g_steal_pointer (&sql), FALSE);
}
