#include "migration/toc.h"

#include <string.h>

#define DEPENDENCIES ";\tdepends on:"

static void
entry_free (PgmTocEntry *self)
{
  g_free (self->text);
  g_array_unref (self->needs);
  g_free (self);
}

/* "3551; 1259 16385 TABLE shop orders alice"; anything else is a comment. */
static PgmTocEntry *
entry_parse (const char *line)
{
  PgmTocEntry *self;
  char *end = NULL;
  guint64 id, catalog, oid;

  if (!g_ascii_isdigit (*line))
    return NULL;
  id = g_ascii_strtoull (line, &end, 10);
  if (*end != ';')
    return NULL;
  catalog = g_ascii_strtoull (end + 1, &end, 10);
  oid = g_ascii_strtoull (end, &end, 10);
  if (*end != ' ')
    return NULL;
  self = g_new0 (PgmTocEntry, 1);
  self->id = (guint) id;
  self->catalog = (guint32) catalog;
  self->oid = (guint32) oid;
  self->text = g_strdup (end + 1);
  self->needs = g_array_new (FALSE, FALSE, sizeof (guint));
  self->taken = TRUE;
  return self;
}

static void
entry_add_needs (PgmTocEntry *self, const char *text)
{
  while (*text == ' ')
    {
      char *end = NULL;
      guint id = (guint) g_ascii_strtoull (text, &end, 10);

      if (end == text + 1 || end == text)
        return;
      g_array_append_val (self->needs, id);
      text = end;
    }
}

PgmToc *
pgm_toc_parse (const char *listing, const char *pre_data_listing)
{
  PgmToc *self = g_new0 (PgmToc, 1);
  g_auto (GStrv) lines = g_strsplit (listing, "\n", -1);
  g_auto (GStrv) pre_lines = g_strsplit (pre_data_listing, "\n", -1);
  PgmTocEntry *last = NULL;

  self->entries = g_ptr_array_new_with_free_func ((GDestroyNotify) entry_free);
  self->by_id = g_hash_table_new (NULL, NULL);
  for (char **line = lines; *line != NULL; line++)
    {
      PgmTocEntry *entry = entry_parse (*line);

      if (entry != NULL)
        {
          last = entry;
          g_ptr_array_add (self->entries, entry);
          g_hash_table_insert (self->by_id, GUINT_TO_POINTER (entry->id), entry);
        }
      else if (last != NULL && g_str_has_prefix (*line, DEPENDENCIES))
        entry_add_needs (last, *line + strlen (DEPENDENCIES));
    }
  for (char **line = pre_lines; *line != NULL; line++)
    {
      PgmTocEntry *entry = g_ascii_isdigit (**line)
                               ? pgm_toc_find (self, (guint) g_ascii_strtoull (*line, NULL, 10))
                               : NULL;

      if (entry != NULL)
        entry->pre_data = TRUE;
    }
  return self;
}

PgmToc *
pgm_toc_read (PgmTool *pg_restore, const char *archive, GCancellable *cancellable, GError **error)
{
  /* With --verbose all entries are listed, whatever --section says. */
  const char *const verbose[] = { "--verbose", NULL };
  const char *const pre_data[] = { "--section=pre-data", NULL };
  g_autofree char *listing =
      pgm_tool_restore_list (pg_restore, archive, verbose, cancellable, error);
  g_autofree char *pre_listing = NULL;

  if (listing == NULL)
    return NULL;
  pre_listing = pgm_tool_restore_list (pg_restore, archive, pre_data, cancellable, error);
  return pre_listing != NULL ? pgm_toc_parse (listing, pre_listing) : NULL;
}

void
pgm_toc_free (PgmToc *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->by_id);
  g_ptr_array_unref (self->entries);
  g_free (self);
}

PgmTocEntry *
pgm_toc_find (PgmToc *self, guint id)
{
  return g_hash_table_lookup (self->by_id, GUINT_TO_POINTER (id));
}

gboolean
pgm_toc_entry_is (const PgmTocEntry *self, const char *description)
{
  gsize length = strlen (description);

  return strncmp (self->text, description, length) == 0 && self->text[length] == ' ';
}

gboolean
pgm_toc_write (GPtrArray *entries, guint first, guint n, const char *path, GError **error)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = first; i < first + n; i++)
    {
      PgmTocEntry *entry = g_ptr_array_index (entries, i);

      g_string_append_printf (text, "%u;\n", entry->id);
    }
  /* Not _NONE: before GLib 2.76 that leaves the tail of a longer file standing. */
  return g_file_set_contents_full (path, text->str, (gssize) text->len,
                                   G_FILE_SET_CONTENTS_CONSISTENT, 0600, error);
}
