#include "core/lsn.h"

#include "core/error.h"

#define MAX_HEX_DIGITS 8

/* Reads 1 to 8 hex digits; returns the place behind them, or NULL. */
static const char *
parse_half (const char *text, guint32 *value)
{
  int digits = 0;

  *value = 0;
  for (; g_ascii_isxdigit (text[digits]); digits++)
    {
      if (digits == MAX_HEX_DIGITS)
        return NULL;
      *value = *value << 4 | (guint32) g_ascii_xdigit_value (text[digits]);
    }
  return digits > 0 ? text + digits : NULL;
}

gboolean
pgm_lsn_parse (const char *text, PgmLsn *lsn, GError **error)
{
  guint32 high = 0;
  guint32 low = 0;
  const char *rest;

  g_return_val_if_fail (text != NULL, FALSE);

  rest = parse_half (text, &high);
  if (rest != NULL && *rest == '/')
    rest = parse_half (rest + 1, &low);
  else
    rest = NULL;

  if (rest == NULL || *rest != '\0')
    {
      pgm_error_set_full (error, PGM_ERROR_USAGE, NULL, NULL,
                          "Write it as PostgreSQL does, for example 16/B374D848.",
                          "\"%s\" is not a log sequence number", text);
      return FALSE;
    }
  if (lsn != NULL)
    *lsn = (PgmLsn) high << 32 | low;
  return TRUE;
}

const char *
pgm_lsn_format (PgmLsn lsn, char *buffer)
{
  g_snprintf (buffer, PGM_LSN_TEXT_SIZE, "%X/%X", (guint32) (lsn >> 32), (guint32) lsn);
  return buffer;
}

char *
pgm_lsn_to_string (PgmLsn lsn)
{
  char buffer[PGM_LSN_TEXT_SIZE];

  return g_strdup (pgm_lsn_format (lsn, buffer));
}

int
pgm_lsn_compare (PgmLsn a, PgmLsn b)
{
  return (a > b) - (a < b);
}

guint64
pgm_lsn_distance (PgmLsn from, PgmLsn to)
{
  return to > from ? to - from : 0;
}
