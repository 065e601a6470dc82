#include "migration/filter.h"

/* Patterns are kept compiled: every character taken literally stands behind a
 * backslash, so that a bare * or ? is always a wildcard. */
typedef struct
{
  char *text; /* as it was given */
  char *schema;
  char *table; /* NULL: every table of the schema */
} PgmPattern;

struct _PgmFilter
{
  GPtrArray *include;
  GPtrArray *exclude;
};

static void
pattern_free (gpointer data)
{
  PgmPattern *self = data;

  g_free (self->text);
  g_free (self->schema);
  g_free (self->table);
  g_free (self);
}

static gboolean
part_error (const char *pattern, const char *why, GError **error)
{
  pgm_error_set_full (error, PGM_ERROR_USAGE, NULL, NULL,
                      "Write schema, schema.table or *.table, with * and ? as wildcards and double "
                      "quotes around a name that holds a dot.",
                      "pattern “%s” can't be understood: %s", pattern, why);
  return FALSE;
}

static void
append_literal (GString *part, char c)
{
  g_string_append_c (part, '\\');
  g_string_append_c (part, c);
}

/* A quoted run, from behind its opening quote to behind its closing one; a
 * doubled quote is one. NULL when it isn't closed. */
static const char *
compile_quoted (const char *cursor, GString *part)
{
  for (; *cursor != '\0'; cursor++)
    {
      if (*cursor == '"' && cursor[1] != '"')
        return cursor + 1;
      if (*cursor == '"')
        cursor++;
      append_literal (part, *cursor);
    }
  return NULL;
}

/* One name of a pattern up to a dot or the end; *@cursor stands there then. */
static char *
compile_part (const char *pattern, const char **cursor, GError **error)
{
  g_autoptr (GString) part = g_string_new (NULL);
  const char *p = *cursor;

  while (*p != '\0' && *p != '.')
    {
      if (*p == '"')
        {
          p = compile_quoted (p + 1, part);
          if (p == NULL)
            return part_error (pattern, "a double quote is not closed", error), NULL;
          continue;
        }
      if (*p == '*' || *p == '?')
        g_string_append_c (part, *p);
      else
        append_literal (part, *p);
      p++;
    }
  *cursor = p;
  if (part->len == 0)
    return part_error (pattern, "a name is empty", error), NULL;
  return g_string_free (g_steal_pointer (&part), FALSE);
}

static PgmPattern *
pattern_compile (const char *text, GError **error)
{
  PgmPattern *self = g_new0 (PgmPattern, 1);
  const char *cursor = text;

  self->schema = compile_part (text, &cursor, error);
  if (self->schema != NULL && *cursor == '.')
    {
      cursor++;
      self->table = compile_part (text, &cursor, error);
      if (self->table != NULL && *cursor == '.')
        {
          part_error (text, "more than two names", error);
          g_clear_pointer (&self->table, g_free);
        }
      if (self->table == NULL)
        g_clear_pointer (&self->schema, g_free);
    }
  self->text = g_strdup (text);
  if (self->schema == NULL)
    g_clear_pointer (&self, pattern_free);
  return self;
}

/* Greedy with one point to come back to: linear for a pattern with one star,
 * never worse than pattern × text. */
static gboolean
glob_matches (const char *pattern, const char *text)
{
  const char *star = NULL;
  const char *retry = NULL;

  while (*text != '\0')
    {
      if (*pattern == '*')
        {
          star = ++pattern;
          retry = text;
        }
      else if (*pattern == '?')
        {
          pattern++;
          text++;
          while ((*text & 0xc0) == 0x80) /* the rest of the character */
            text++;
        }
      else if (*pattern == '\\' && pattern[1] == *text)
        {
          pattern += 2;
          text++;
        }
      else if (star != NULL)
        {
          pattern = star;
          text = ++retry;
        }
      else
        return FALSE;
    }
  while (*pattern == '*')
    pattern++;
  return *pattern == '\0';
}

static gboolean
patterns_compile (GPtrArray *patterns, const char *const *texts, GError **error)
{
  for (gsize i = 0; texts != NULL && texts[i] != NULL; i++)
    {
      PgmPattern *pattern = pattern_compile (texts[i], error);

      if (pattern == NULL)
        return FALSE;
      g_ptr_array_add (patterns, pattern);
    }
  return TRUE;
}

static gboolean
patterns_match (GPtrArray *patterns, const char *schema, const char *table)
{
  for (guint i = 0; i < patterns->len; i++)
    {
      const PgmPattern *pattern = g_ptr_array_index (patterns, i);

      if (glob_matches (pattern->schema, schema) &&
          (pattern->table == NULL || glob_matches (pattern->table, table)))
        return TRUE;
    }
  return FALSE;
}

static gboolean
pattern_is_of_schema (const PgmPattern *self)
{
  return self->table == NULL || g_str_equal (self->table, "*");
}

PgmFilter *
pgm_filter_new (const char *const *include, const char *const *exclude, GError **error)
{
  g_autoptr (PgmFilter) self = g_new0 (PgmFilter, 1);

  self->include = g_ptr_array_new_with_free_func (pattern_free);
  self->exclude = g_ptr_array_new_with_free_func (pattern_free);
  if (!patterns_compile (self->include, include, error) ||
      !patterns_compile (self->exclude, exclude, error))
    return NULL;
  return g_steal_pointer (&self);
}

void
pgm_filter_free (PgmFilter *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->include);
  g_ptr_array_unref (self->exclude);
  g_free (self);
}

gboolean
pgm_filter_takes (PgmFilter *self, const char *schema, const char *table)
{
  if (self->include->len > 0 && !patterns_match (self->include, schema, table))
    return FALSE;
  return !patterns_match (self->exclude, schema, table);
}

gboolean
pgm_filter_is_active (PgmFilter *self)
{
  return self->include->len > 0 || self->exclude->len > 0;
}

gboolean
pgm_filter_takes_schema (PgmFilter *self, const char *schema)
{
  gboolean included = self->include->len == 0;

  for (guint i = 0; i < self->include->len && !included; i++)
    {
      const PgmPattern *pattern = g_ptr_array_index (self->include, i);

      included = glob_matches (pattern->schema, schema);
    }
  for (guint i = 0; i < self->exclude->len && included; i++)
    {
      const PgmPattern *pattern = g_ptr_array_index (self->exclude, i);

      /* Only a pattern for whole schemas leaves nothing of one over. */
      if (pattern_is_of_schema (pattern) && glob_matches (pattern->schema, schema))
        included = FALSE;
    }
  return included;
}

static gboolean
pattern_finds (const PgmPattern *self, PgmResult *names)
{
  for (guint row = 0; row < pgm_result_get_rows (names); row++)
    {
      const char *table = pgm_result_get (names, row, 1);

      if (glob_matches (self->schema, pgm_result_get_or (names, row, 0, "")) &&
          (pattern_is_of_schema (self) || (table != NULL && glob_matches (self->table, table))))
        return TRUE;
    }
  return FALSE;
}

/* Each of them must match something on one side. */
static gboolean
patterns_find (GPtrArray *patterns, PgmResult *names, PgmResult *other, GError **error)
{
  for (guint i = 0; i < patterns->len; i++)
    {
      const PgmPattern *pattern = g_ptr_array_index (patterns, i);

      if (pattern_finds (pattern, names) || (other != NULL && pattern_finds (pattern, other)))
        continue;
      pgm_error_set_full (error, PGM_ERROR_NOT_FOUND, NULL, NULL,
                          "Names are case-sensitive; --dry-run without patterns lists the tables.",
                          "nothing matches --include “%s”", pattern->text);
      return FALSE;
    }
  return TRUE;
}

static PgmResult *
read_names (PgmConnection *connection, GCancellable *cancellable, GError **error)
{
  return pgm_connection_query (
      connection,
      "SELECT n.nspname, c.relname FROM pg_namespace n LEFT JOIN pg_class c"
      "  ON c.relnamespace = n.oid AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')",
      0, NULL, cancellable, error);
}

gboolean
pgm_filter_check (PgmFilter *self,
                  PgmConnection *connection,
                  PgmConnection *other,
                  GCancellable *cancellable,
                  GError **error)
{
  g_autoptr (PgmResult) names = NULL;
  g_autoptr (PgmResult) other_names = NULL;

  if (self->include->len == 0)
    return TRUE;
  names = read_names (connection, cancellable, error);
  if (names == NULL)
    return FALSE;
  if (other != NULL && (other_names = read_names (other, cancellable, error)) == NULL)
    return FALSE;
  return patterns_find (self->include, names, other_names, error);
}

static gboolean
has_table (PgmCatalog *catalog, guint32 oid)
{
  return g_hash_table_contains (catalog->tables_by_oid, GUINT_TO_POINTER (oid));
}

void
pgm_filter_apply (PgmFilter *self, PgmCatalog *catalog)
{
  if (!pgm_filter_is_active (self))
    return;
  for (guint i = catalog->tables->len; i-- > 0;)
    {
      PgmTable *table = g_ptr_array_index (catalog->tables, i);

      if (pgm_filter_takes (self, table->schema, table->name))
        continue;
      g_hash_table_remove (catalog->tables_by_oid, GUINT_TO_POINTER (table->oid));
      g_ptr_array_remove_index (catalog->tables, i);
    }
  for (guint i = catalog->indexes->len; i-- > 0;)
    if (!has_table (catalog, ((PgmIndex *) g_ptr_array_index (catalog->indexes, i))->table_oid))
      g_ptr_array_remove_index (catalog->indexes, i);
  for (guint i = catalog->foreign_keys->len; i-- > 0;)
    {
      PgmForeignKey *key = g_ptr_array_index (catalog->foreign_keys, i);

      /* One that refers to a table that is not taken stays, to be told of. */
      if (!has_table (catalog, key->table_oid))
        g_ptr_array_remove_index (catalog->foreign_keys, i);
    }
}
