#include "app/text.h"

#include "core/i18n.h"
#include "core/text.h"
#include "core/units.h"

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

const char *
pgm_phase_to_text (PgmPhase phase)
{
  switch (phase)
    {
    case PGM_PHASE_PREFLIGHT:
      return _ ("Checking both servers");
    case PGM_PHASE_SCHEMA:
      return _ ("Restoring the schema");
    case PGM_PHASE_COPY:
      return _ ("Copying rows");
    case PGM_PHASE_INDEXES:
      return _ ("Building indexes and constraints");
    case PGM_PHASE_VERIFY:
      return _ ("Comparing both databases");
    case PGM_PHASE_DONE:
      return _ ("Done");
    case PGM_PHASE_FAILED:
      return _ ("Failed");
    case PGM_PHASE_STOPPED:
      return _ ("Stopped");
    case PGM_PHASE_PAUSED:
      return _ ("Paused");
    case PGM_PHASE_CATCH_UP:
    case PGM_PHASE_STREAMING:
      return _ ("Streaming changes");
    case PGM_PHASE_SWITCHOVER:
      return _ ("Cutting over");
    case PGM_PHASE_SWITCHOVER_COMPLETE:
      return _ ("Cut over, the way back is kept");
    case PGM_PHASE_IDLE:
    case PGM_PHASE_CONNECTING:
    default:
      return _ ("Connecting");
    }
}

char *
pgm_text_age (gint64 time)
{
  gint64 seconds = (g_get_real_time () - time) / G_USEC_PER_SEC;
  g_autofree char *duration = NULL;

  if (seconds < 2)
    return g_strdup (_ ("just now"));
  duration = pgm_format_duration ((double) seconds);
  return g_strdup_printf (_ ("%s ago"), duration);
}

char *
pgm_text_time (gint64 time)
{
  g_autoptr (GDateTime) moment = g_date_time_new_from_unix_local (time / G_USEC_PER_SEC);
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();
  gboolean today;

  if (moment == NULL)
    return g_strdup ("–");
  today = g_date_time_get_year (moment) == g_date_time_get_year (now) &&
          g_date_time_get_day_of_year (moment) == g_date_time_get_day_of_year (now);
  return g_date_time_format (moment, today ? "%H:%M:%S" : "%Y-%m-%d %H:%M:%S");
}
