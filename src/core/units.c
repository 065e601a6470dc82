#include "core/units.h"

#include "core/error.h"

#include <math.h>
#include <string.h>

typedef struct
{
  const char *name;
  double factor;
} Unit;

/* Numbers are written with a point in every locale: the results also go into
 * logs and JSON, and a view that wants a comma formats the number itself. */
static char *
format_number (double value, int decimals, const char *unit)
{
  char format[8];
  char digits[G_ASCII_DTOSTR_BUF_SIZE + 310];

  g_snprintf (format, sizeof format, "%%.%df", decimals);
  g_ascii_formatd (digits, sizeof digits, format, value);
  return g_strdup_printf ("%s %s", digits, unit);
}

/* Divides by @step until the number, as it will be rounded, is below it. */
static const char *
scale (double *value, double step, double rounding, const char *const *units)
{
  gsize i = 0;

  while (units[i + 1] != NULL && *value >= step - rounding)
    {
      *value /= step;
      i++;
    }
  return units[i];
}

char *
pgm_format_bytes (guint64 bytes)
{
  static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB", NULL };
  double value = (double) bytes;
  const char *unit;

  if (bytes < 1024)
    return g_strdup_printf ("%" G_GUINT64_FORMAT " B", bytes);
  unit = scale (&value, 1024, 0.5, units);
  return format_number (value, value < 9.95 ? 1 : 0, unit);
}

char *
pgm_format_byte_rate (double bytes_per_second)
{
  static const char *const units[] = { "B/s", "KiB/s", "MiB/s", "GiB/s", "TiB/s", NULL };
  double value = isfinite (bytes_per_second) && bytes_per_second > 0 ? bytes_per_second : 0;
  const char *unit;

  if (value < 1023.5)
    return format_number (value, 0, "B/s");
  unit = scale (&value, 1024, 0.5, units);
  return format_number (value, 1, unit);
}

char *
pgm_format_count (guint64 count)
{
  g_autofree char *digits = g_strdup_printf ("%" G_GUINT64_FORMAT, count);
  gsize length = strlen (digits);
  GString *text = g_string_sized_new (length + length / 3 + 1);

  for (gsize i = 0; i < length; i++)
    {
      if (i > 0 && (length - i) % 3 == 0)
        g_string_append_c (text, ',');
      g_string_append_c (text, digits[i]);
    }
  return g_string_free (text, FALSE);
}

char *
pgm_format_short_count (guint64 count)
{
  static const char *const units[] = { "", "k", "M", "G", "T", "P", "E", NULL };
  double value = (double) count;
  const char *unit;

  if (count < 1000)
    return g_strdup_printf ("%" G_GUINT64_FORMAT, count);
  unit = scale (&value, 1000, 0.05, units);
  return format_number (value, 1, unit);
}

char *
pgm_format_duration (double seconds)
{
  guint64 whole;

  if (!isfinite (seconds))
    return g_strdup ("–");
  seconds = MAX (seconds, 0);
  if (seconds < 9.95)
    return format_number (seconds, 1, "s");

  whole = (guint64) MIN (seconds + 0.5, 1e15);
  if (whole < 60)
    return g_strdup_printf ("%u s", (guint) whole);
  if (whole < 3600)
    return g_strdup_printf ("%u min %02u s", (guint) (whole / 60), (guint) (whole % 60));
  if (whole < 86400)
    return g_strdup_printf ("%u h %02u min", (guint) (whole / 3600), (guint) (whole / 60 % 60));
  return g_strdup_printf ("%" G_GUINT64_FORMAT " d %02u h", whole / 86400,
                          (guint) (whole / 3600 % 24));
}

char *
pgm_format_duration_ms (double milliseconds)
{
  if (!isfinite (milliseconds))
    return g_strdup ("–");
  milliseconds = MAX (milliseconds, 0);
  if (milliseconds < 9.95)
    return format_number (milliseconds, 1, "ms");
  if (milliseconds < 999.5)
    return format_number (milliseconds, 0, "ms");
  if (milliseconds < 59995)
    return format_number (milliseconds / 1000, 2, "s");
  return pgm_format_duration (milliseconds / 1000);
}

/* "12", "1.5": digits with at most one point in them. Returns what follows. */
static const char *
parse_decimal (const char *text, double *value)
{
  g_autofree char *number = NULL;
  gsize digits = strspn (text, "0123456789");
  gsize length = digits;

  if (digits == 0)
    return NULL;
  if (text[digits] == '.')
    {
      gsize decimals = strspn (text + digits + 1, "0123456789");

      if (decimals == 0)
        return NULL;
      length += 1 + decimals;
    }
  number = g_strndup (text, length);
  *value = g_ascii_strtod (number, NULL);
  return text + length;
}

static gboolean
find_factor (const Unit *units, const char *name, double *factor)
{
  for (gsize i = 0; units[i].name != NULL; i++)
    if (g_ascii_strcasecmp (units[i].name, name) == 0)
      {
        *factor = units[i].factor;
        return TRUE;
      }
  return FALSE;
}

static gboolean
parse_quantity (const char *text, const Unit *units, double *value)
{
  double factor;
  const char *rest = parse_decimal (text, value);

  if (rest == NULL)
    return FALSE;
  /* A space only stands between a number and a unit. */
  if (rest[0] == ' ' && rest[1] != '\0' && rest[1] != ' ')
    rest++;
  if (!find_factor (units, rest, &factor))
    return FALSE;
  *value *= factor;
  return TRUE;
}

gboolean
pgm_parse_size (const char *text, guint64 *bytes, GError **error)
{
  static const Unit units[] = {
    { "", 1 },
    { "B", 1 },
    { "k", 1024.0 },
    { "kB", 1024.0 },
    { "KiB", 1024.0 },
    { "M", 1048576.0 },
    { "MB", 1048576.0 },
    { "MiB", 1048576.0 },
    { "G", 1073741824.0 },
    { "GB", 1073741824.0 },
    { "GiB", 1073741824.0 },
    { "T", 1099511627776.0 },
    { "TB", 1099511627776.0 },
    { "TiB", 1099511627776.0 },
    { NULL, 0 },
  };
  double value;

  g_return_val_if_fail (text != NULL, FALSE);

  if (!parse_quantity (text, units, &value))
    {
      pgm_error_set_full (error, PGM_ERROR_USAGE, NULL, NULL,
                          "Write a number and a unit, for example 64kB, 200MB or 1.5GB.",
                          "\"%s\" is not a size", text);
      return FALSE;
    }
  if (value >= 9223372036854775808.0)
    {
      pgm_error_set (error, PGM_ERROR_USAGE, "size \"%s\" is too large", text);
      return FALSE;
    }
  if (bytes != NULL)
    *bytes = (guint64) (value + 0.5);
  return TRUE;
}

gboolean
pgm_parse_duration (const char *text, double *seconds, GError **error)
{
  static const Unit units[] = {
    { "", 1 },     { "us", 1e-6 }, { "ms", 1e-3 }, { "s", 1 },
    { "min", 60 }, { "h", 3600 },  { "d", 86400 }, { NULL, 0 },
  };
  double value;

  g_return_val_if_fail (text != NULL, FALSE);

  if (!parse_quantity (text, units, &value))
    {
      pgm_error_set_full (error, PGM_ERROR_USAGE, NULL, NULL,
                          "Write a number and a unit, for example 500ms, 30s, 2min or 1h.",
                          "\"%s\" is not a duration", text);
      return FALSE;
    }
  /* A hundred years: what is more is a slip, and would overflow a timer. */
  if (value > 100 * 366 * 86400.0)
    {
      pgm_error_set (error, PGM_ERROR_USAGE, "duration \"%s\" is too long", text);
      return FALSE;
    }
  if (seconds != NULL)
    *seconds = value;
  return TRUE;
}

gboolean
pgm_parse_int (const char *text,
               const char *what,
               gint64 min,
               gint64 max,
               gint64 *value,
               GError **error)
{
  g_autoptr (GError) reason = NULL;
  gint64 parsed;

  g_return_val_if_fail (text != NULL, FALSE);

  if (!g_ascii_string_to_signed (text, 10, min, max, &parsed, &reason))
    {
      if (g_error_matches (reason, G_NUMBER_PARSER_ERROR, G_NUMBER_PARSER_ERROR_OUT_OF_BOUNDS))
        pgm_error_set (error, PGM_ERROR_USAGE,
                       "%s is \"%s\", outside of %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT, what,
                       text, min, max);
      else
        pgm_error_set (error, PGM_ERROR_USAGE, "%s is \"%s\", which is not a number", what, text);
      return FALSE;
    }
  if (value != NULL)
    *value = parsed;
  return TRUE;
}
