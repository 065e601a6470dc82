#include "config.h"

#include "postgres/restore-script.h"

#include <string.h>

typedef struct
{
  int major;
  gboolean preamble;    /* no object has come yet */
  gboolean has_columns; /* inside the entry of a table or materialized view */
  char *key;            /* of \restrict */
} Cleaner;

/* Settings that pg_restore sends to every server, and the major that has them. */
static const struct
{
  const char *prefix;
  int since;
} known_settings[] = {
  { "SET transaction_timeout = ", 17 },
  { "SET default_table_access_method = ", 12 },
  { "SET idle_in_transaction_session_timeout = ", 10 },
  { "SET default_with_oids = ", 1000 }, /* gone in 12 */
};

#define OWN_OPTION "pg_attver="

static gboolean
begins (const char *line, gsize size, const char *prefix)
{
  gsize n = strlen (prefix);
  return size >= n && memcmp (line, prefix, n) == 0;
}

static gboolean
is_psql_command (Cleaner *self, const char *line, gsize size)
{
  if (self->preamble && begins (line, size, "\\restrict "))
    {
      g_free (self->key);
      self->key = g_strndup (line + strlen ("\\restrict "), size - strlen ("\\restrict "));
      return TRUE;
    }
  if (self->key == NULL || !begins (line, size, "\\unrestrict "))
    return FALSE;
  gsize skip = strlen ("\\unrestrict ");
  return size - skip == strlen (self->key) && memcmp (line + skip, self->key, size - skip) == 0;
}

/* The one setting that is sent between objects too, before the comment that opens
 * the next one: in the body of a function no such comment follows. */
static gboolean
is_between_objects (const char *line, gsize size, const char *end)
{
  static const char opening[] = "\n\n--\n-- Name: ";
  gsize left = (gsize) (end - (line + size));

  return begins (line, size, "SET default_table_access_method = ") &&
         begins (line + size, left, opening);
}

static gboolean
is_unknown_setting (Cleaner *self, const char *line, gsize size, const char *end)
{
  if (!self->preamble && !is_between_objects (line, size, end))
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (known_settings); i++)
    if (self->major < known_settings[i].since && begins (line, size, known_settings[i].prefix))
      return TRUE;
  return FALSE;
}

/* "-- Name: orders; Type: TABLE; Schema: …" opens an object. */
static void
note_entry (Cleaner *self, const char *line, gsize size)
{
  if (!begins (line, size, "-- Name: ") && !begins (line, size, "-- TOC entry ") &&
      !begins (line, size, "-- Data for Name: "))
    return;
  self->preamble = FALSE;
  self->has_columns = g_strstr_len (line, (gssize) size, "; Type: TABLE; ") != NULL ||
                      g_strstr_len (line, (gssize) size, "; Type: FOREIGN TABLE; ") != NULL ||
                      g_strstr_len (line, (gssize) size, "; Type: MATERIALIZED VIEW; ") != NULL;
}

/* "ALTER TABLE ONLY s.t ALTER COLUMN c SET (n_distinct=5, pg_attver=7);" on one
 * line, as pg_dump writes it. TRUE when the line has been dealt with. */
static gboolean
take_own_option (Cleaner *self, const char *line, gsize size, GString *out)
{
  const char *open, *end = line + size;

  if (!self->has_columns || !begins (line, size, "ALTER ") || size < 2 ||
      memcmp (end - 2, ");", 2) != 0 ||
      g_strstr_len (line, (gssize) size, " ALTER COLUMN ") == NULL ||
      (open = g_strrstr_len (line, (gssize) size, " SET (")) == NULL)
    return FALSE;
  open += strlen (" SET (");
  g_autofree char *options = g_strndup (open, (gsize) (end - 2 - open));
  if (strstr (options, OWN_OPTION) == NULL)
    return FALSE;

  g_auto (GStrv) parts = g_strsplit (options, ", ", -1);
  g_autoptr (GString) kept = g_string_new (NULL);
  for (guint i = 0; parts[i] != NULL; i++)
    if (!g_str_has_prefix (parts[i], OWN_OPTION))
      g_string_append_printf (kept, "%s%s", kept->len > 0 ? ", " : "", parts[i]);
  if (kept->len > 0)
    {
      g_string_append_len (out, line, open - line);
      g_string_append_printf (out, "%s);\n", kept->str);
    }
  return TRUE;
}

char *
pgm_restore_script_clean (const char *text, gsize size, int major)
{
  Cleaner self = { .major = major, .preamble = TRUE };
  GString *out = g_string_sized_new (size + 1);
  const char *end = text + size;

  for (const char *line = text; line < end;)
    {
      const char *newline = memchr (line, '\n', (gsize) (end - line));
      gsize length = (gsize) ((newline != NULL ? newline : end) - line);
      gsize whole = length + (newline != NULL ? 1 : 0);

      note_entry (&self, line, length);
      if (!is_psql_command (&self, line, length) &&
          !is_unknown_setting (&self, line, length, end) &&
          !take_own_option (&self, line, length, out))
        g_string_append_len (out, line, (gssize) whole);
      line += whole;
    }
  g_free (self.key);
  return g_string_free (out, FALSE);
}
