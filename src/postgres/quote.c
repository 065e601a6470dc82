#include "config.h"

#include "postgres/quote.h"

#include <string.h>

void
pgm_quote_append_identifier (GString *sql, const char *name)
{
  g_string_append_c (sql, '"');
  for (const char *p = name; *p != '\0'; p++)
    {
      if (*p == '"')
        g_string_append_c (sql, '"');
      g_string_append_c (sql, *p);
    }
  g_string_append_c (sql, '"');
}

void
pgm_quote_append_qualified (GString *sql, const char *schema, const char *name)
{
  pgm_quote_append_identifier (sql, schema);
  g_string_append_c (sql, '.');
  pgm_quote_append_identifier (sql, name);
}

void
pgm_quote_append_literal (GString *sql, const char *text)
{
  if (text == NULL)
    {
      g_string_append (sql, "NULL");
      return;
    }

  /* The space keeps the E from joining a word before it: "LIKEE'…'". */
  gboolean escape = strchr (text, '\\') != NULL;
  g_string_append (sql, escape ? " E'" : "'");
  for (const char *p = text; *p != '\0'; p++)
    {
      if (*p == '\'' || *p == '\\')
        g_string_append_c (sql, *p);
      g_string_append_c (sql, *p);
    }
  g_string_append_c (sql, '\'');
}

char *
pgm_quote_identifier (const char *name)
{
  GString *sql = g_string_sized_new (strlen (name) + 2);
  pgm_quote_append_identifier (sql, name);
  return g_string_free (sql, FALSE);
}

char *
pgm_quote_qualified (const char *schema, const char *name)
{
  GString *sql = g_string_sized_new (strlen (schema) + strlen (name) + 5);
  pgm_quote_append_qualified (sql, schema, name);
  return g_string_free (sql, FALSE);
}

char *
pgm_quote_literal (const char *text)
{
  GString *sql = g_string_new (NULL);
  pgm_quote_append_literal (sql, text);
  return g_string_free (sql, FALSE);
}
