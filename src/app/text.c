#include "app/text.h"

#include "core/text.h"

char *
pgm_text_to_lines (const char *text)
{
  g_auto (GStrv) lines = g_strsplit (text != NULL ? text : "", "\n", -1);
  char *shown;

  for (guint i = 0; lines[i] != NULL; i++)
    {
      char *plain = pgm_display_text (lines[i]);

      g_free (lines[i]);
      lines[i] = plain;
    }
  shown = g_strjoinv ("\n", lines);
  return g_strchomp (shown);
}
