#include "model/record-private.h"

/* Reads exactly @digits decimal digits and moves on. */
static gboolean
read_number (const char **text, guint digits, int *value)
{
  *value = 0;
  for (guint i = 0; i < digits; i++)
    {
      if (!g_ascii_isdigit ((*text)[i]))
        return FALSE;
      *value = *value * 10 + g_ascii_digit_value ((*text)[i]);
    }
  *text += digits;
  return TRUE;
}

static gboolean
read_character (const char **text, const char *wanted)
{
  if (**text == '\0' || strchr (wanted, **text) == NULL)
    return FALSE;
  (*text)++;
  return TRUE;
}

/* ".5", ".123456", up to nine digits; what is finer than a microsecond is cut. */
static gboolean
read_fraction (const char **text, int *microseconds)
{
  guint digits = 0;

  *microseconds = 0;
  if (**text != '.')
    return TRUE;
  for ((*text)++; g_ascii_isdigit (**text); (*text)++, digits++)
    if (digits < 6)
      *microseconds = *microseconds * 10 + g_ascii_digit_value (**text);
  if (digits == 0 || digits > 9)
    return FALSE;
  for (; digits < 6; digits++)
    *microseconds *= 10;
  return TRUE;
}

/* "Z", "+05:30"; seconds east of Greenwich. */
static gboolean
read_offset (const char **text, int *offset)
{
  int hours, minutes;
  gboolean west = **text == '-';

  *offset = 0;
  if (read_character (text, "Zz"))
    return TRUE;
  if (!read_character (text, "+-") || !read_number (text, 2, &hours) ||
      !read_character (text, ":") || !read_number (text, 2, &minutes) || hours > 23 || minutes > 59)
    return FALSE;
  *offset = (hours * 60 + minutes) * 60 * (west ? -1 : 1);
  return TRUE;
}

gboolean
pgm_json_time_parse (const char *text, gint64 *time)
{
  g_autoptr (GDateTime) date = NULL;
  int year, month, day, hour, minute, second, microseconds, offset;

  if (!read_number (&text, 4, &year) || !read_character (&text, "-") ||
      !read_number (&text, 2, &month) || !read_character (&text, "-") ||
      !read_number (&text, 2, &day) || !read_character (&text, "Tt ") ||
      !read_number (&text, 2, &hour) || !read_character (&text, ":") ||
      !read_number (&text, 2, &minute) || !read_character (&text, ":") ||
      !read_number (&text, 2, &second) || !read_fraction (&text, &microseconds) ||
      !read_offset (&text, &offset) || *text != '\0')
    return FALSE;
  date = g_date_time_new_utc (year, month, day, hour, minute, second);
  if (date == NULL)
    return FALSE;
  *time = (g_date_time_to_unix (date) - offset) * G_USEC_PER_SEC + microseconds;
  return TRUE;
}

gboolean
pgm_json_time_format (gint64 time, char *buffer)
{
  g_autoptr (GDateTime) date = NULL;
  gint64 seconds = time / G_USEC_PER_SEC;
  gint64 microseconds = time % G_USEC_PER_SEC;
  int length;

  if (microseconds < 0)
    {
      microseconds += G_USEC_PER_SEC;
      seconds--;
    }
  date = g_date_time_new_from_unix_utc (seconds);
  if (date == NULL)
    return FALSE;
  length = g_snprintf (buffer, PGM_JSON_TIME_SIZE, "%04d-%02d-%02dT%02d:%02d:%02d",
                       g_date_time_get_year (date), g_date_time_get_month (date),
                       g_date_time_get_day_of_month (date), g_date_time_get_hour (date),
                       g_date_time_get_minute (date), g_date_time_get_second (date));
  if (microseconds != 0)
    length += g_snprintf (buffer + length, PGM_JSON_TIME_SIZE - (gulong) length,
                          ".%06" G_GINT64_FORMAT, microseconds);
  g_strlcpy (buffer + length, "Z", PGM_JSON_TIME_SIZE - (gsize) length);
  return TRUE;
}
