#include "app/log-row.h"

#include <string.h>

#include "app/migration-words.h"
#include "app/table-row.h"
#include "app/text.h"
#include "core/i18n.h"
#include "core/text.h"

struct _PgmLogRow
{
  GObject parent_instance;
  gint64 time;
  PgmLogLevel level;
  char *message;
  char *when;
  char *folded;
};

G_DEFINE_FINAL_TYPE (PgmLogRow, pgm_log_row, G_TYPE_OBJECT)

static void
pgm_log_row_finalize (GObject *object)
{
  PgmLogRow *self = PGM_LOG_ROW (object);

  g_free (self->message);
  g_free (self->when);
  g_free (self->folded);
  G_OBJECT_CLASS (pgm_log_row_parent_class)->finalize (object);
}

static void
pgm_log_row_class_init (PgmLogRowClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = pgm_log_row_finalize;
}

static void
pgm_log_row_init (PgmLogRow *self)
{
}

static char *
format_local (gint64 time, const char *format)
{
  g_autoptr (GDateTime) utc = g_date_time_new_from_unix_utc (time / G_USEC_PER_SEC);
  g_autoptr (GDateTime) local = utc != NULL ? g_date_time_to_local (utc) : NULL;

  return local != NULL ? g_date_time_format (local, format) : g_strdup ("");
}

PgmLogRow *
pgm_log_row_new (const char *subject, const PgmEvent *event)
{
  PgmLogRow *self = g_object_new (PGM_TYPE_LOG_ROW, NULL);
  g_autofree char *message = pgm_words_event (event);
  g_autofree char *plain = pgm_display_text (subject);

  self->time = event->time;
  self->message =
      plain != NULL ? g_strdup_printf ("%s: %s", plain, message) : g_steal_pointer (&message);
  self->when = pgm_text_time (event->time);
  self->folded = pgm_table_row_fold (self->message);
  if (g_str_equal (event->type, "error"))
    self->level = PGM_LOG_ERROR;
  else if (g_str_equal (event->type, "warning") || g_str_equal (event->type, "problem"))
    self->level = PGM_LOG_WARNING;
  return self;
}

PgmLogLevel
pgm_log_row_get_level (PgmLogRow *self)
{
  return self->level;
}

const char *
pgm_log_row_get_message (PgmLogRow *self)
{
  return self->message;
}

const char *
pgm_log_row_get_when (PgmLogRow *self)
{
  return self->when;
}

gboolean
pgm_log_row_matches (PgmLogRow *self, const char *needle)
{
  return strstr (self->folded, needle) != NULL;
}

char *
pgm_log_row_to_line (PgmLogRow *self)
{
  static const char *const names[] = { "info", "warning", "error" };
  g_autofree char *time = format_local (self->time, "%Y-%m-%dT%H:%M:%S%z");

  return g_strdup_printf ("%s %-7s %s", time, names[self->level], self->message);
}

const char *
pgm_log_level_to_text (PgmLogLevel level)
{
  switch (level)
    {
    case PGM_LOG_ERROR:
      return _ ("Error");
    case PGM_LOG_WARNING:
      return _ ("Warning");
    case PGM_LOG_INFO:
    default:
      return _ ("Note");
    }
}
