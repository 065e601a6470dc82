#include "tui/tui.h"

#include <glib-unix.h>
#include <signal.h>
#include <unistd.h>

#include "core/error.h"
#include "core/i18n.h"
#include "tui/dashboard.h"
#include "tui/feed.h"
#include "tui/screen.h"

typedef struct
{
  PgmDashboard *dashboard;
  PgmScreen *screen;
  PgmFeed *feed;
  GMainLoop *loop;
  GPtrArray *sources; /* GSource of keys and signals */
  guint timer;
  guint soon; /* a picture that is drawn once nothing else is to be done */
  gboolean ended;
  struct sigaction stop_action;
  struct sigaction continue_action;
} Tui;

static void
draw (Tui *self)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();
  g_autofree char *clock = g_date_time_format (now, "%H:%M:%S");
  g_autoptr (PgmCanvas) canvas = NULL;
  guint columns;
  guint rows;

  pgm_screen_measure (self->screen, &columns, &rows);
  canvas = pgm_dashboard_paint (self->dashboard, columns, rows,
                                !pgm_screen_has_unicode (self->screen), clock);
  pgm_screen_show (self->screen, canvas);
}

static gboolean
on_soon (gpointer user_data)
{
  Tui *self = user_data;

  self->soon = 0;
  pgm_dashboard_refresh (self->dashboard, g_get_monotonic_time ());
  draw (self);
  return G_SOURCE_REMOVE;
}

static void
draw_soon (gpointer user_data)
{
  Tui *self = user_data;

  if (self->soon == 0)
    self->soon = g_idle_add (on_soon, self);
}

static gboolean
on_timer (gpointer user_data)
{
  draw_soon (user_data);
  return G_SOURCE_CONTINUE;
}

static void
restart_timer (Tui *self)
{
  if (self->timer != 0)
    g_source_remove (self->timer);
  self->timer =
      g_timeout_add ((guint) (pgm_dashboard_get_interval (self->dashboard) * 1000), on_timer, self);
}

/* ---- keys ---- */

static void
grant (Tui *self, const PgmWish *wish)
{
  switch (wish->kind)
    {
    case PGM_WISH_QUIT:
      g_main_loop_quit (self->loop);
      break;
    case PGM_WISH_REDRAW:
      pgm_screen_forget (self->screen);
      break;
    case PGM_WISH_SUSPEND:
      pgm_screen_suspend (self->screen);
      break;
    case PGM_WISH_INTERVAL:
      restart_timer (self);
      break;
    case PGM_WISH_STOP:
    case PGM_WISH_REQUEST:
      pgm_feed_wish (self->feed, wish);
      break;
    case PGM_WISH_NONE:
    default:
      break;
    }
}

static gboolean
on_input (gint fd, GIOCondition condition, gpointer user_data)
{
  Tui *self = user_data;
  PgmKey key;
  gboolean any = FALSE;

  while (pgm_screen_read (self->screen, &key))
    {
      g_auto (PgmWish) wish = pgm_dashboard_press (self->dashboard, &key, g_get_monotonic_time ());

      any = TRUE;
      grant (self, &wish);
    }
  if (!any && (condition & (G_IO_HUP | G_IO_ERR | G_IO_NVAL)) != 0)
    {
      /* The terminal is gone. */
      self->ended = TRUE;
      g_main_loop_quit (self->loop);
      return G_SOURCE_REMOVE;
    }
  draw_soon (self);
  return G_SOURCE_CONTINUE;
}

/* ---- signals ---- */

static gboolean
on_end (gpointer user_data)
{
  Tui *self = user_data;

  self->ended = TRUE;
  g_main_loop_quit (self->loop);
  return G_SOURCE_CONTINUE;
}

static gboolean
on_resize (gpointer user_data)
{
  draw_soon (user_data);
  return G_SOURCE_CONTINUE;
}

static gboolean
on_suspend (gpointer user_data)
{
  Tui *self = user_data;

  pgm_screen_suspend (self->screen);
  draw_soon (self);
  return G_SOURCE_CONTINUE;
}

/* Whoever had the terminal meanwhile may have left anything there. */
static gboolean
on_continue (gpointer user_data)
{
  Tui *self = user_data;

  pgm_screen_forget (self->screen);
  draw_soon (self);
  return G_SOURCE_CONTINUE;
}

/* GLib takes these two signals only under other names. While ncurses draws it ignores
 * SIGTSTP, for some milliseconds; Ctrl-Z is a key for that reason. */
static void
pass_on (int signal_number)
{
  kill (getpid (), signal_number == SIGTSTP ? SIGUSR1 : SIGUSR2);
}

static void
add_signal (Tui *self, int signal_number, GSourceFunc func)
{
  GSource *source = g_unix_signal_source_new (signal_number);

  g_source_set_callback (source, func, self, NULL);
  g_source_attach (source, NULL);
  g_ptr_array_add (self->sources, source);
}

/* After ncurses, which takes some of them for itself. */
static void
take_signals (Tui *self)
{
  struct sigaction action = { .sa_handler = pass_on, .sa_flags = SA_RESTART };

  add_signal (self, SIGINT, on_end);
  add_signal (self, SIGTERM, on_end);
  add_signal (self, SIGHUP, on_end);
  add_signal (self, SIGWINCH, on_resize);
  add_signal (self, SIGUSR1, on_suspend);
  add_signal (self, SIGUSR2, on_continue);
  sigaction (SIGTSTP, &action, &self->stop_action);
  sigaction (SIGCONT, &action, &self->continue_action);
}

static void
take_keys (Tui *self)
{
  GSource *source = g_unix_fd_source_new (STDIN_FILENO, G_IO_IN | G_IO_HUP | G_IO_ERR | G_IO_NVAL);

  g_source_set_callback (source, G_SOURCE_FUNC (on_input), self, NULL);
  g_source_attach (source, NULL);
  g_ptr_array_add (self->sources, source);
}

static void
destroy_source (gpointer source)
{
  g_source_destroy (source);
  g_source_unref (source);
}

/* ---- the whole ---- */

static gboolean
wants_colours (const PgmTuiOptions *options)
{
  const char *no_color = g_getenv ("NO_COLOR");

  return !options->no_colours && (no_color == NULL || *no_color == '\0');
}

static void
run (Tui *self, const PgmTuiOptions *options)
{
  self->sources = g_ptr_array_new_with_free_func (destroy_source);
  self->loop = g_main_loop_new (NULL, FALSE);
  self->feed = pgm_feed_new (self->dashboard, options, draw_soon, self);
  take_signals (self);
  take_keys (self);
  restart_timer (self);
  pgm_feed_scan (self->feed);
  draw_soon (self);
  g_main_loop_run (self->loop);
  pgm_feed_free (self->feed);
  g_source_remove (self->timer);
  if (self->soon != 0)
    g_source_remove (self->soon);
  g_ptr_array_unref (self->sources);
  g_main_loop_unref (self->loop);
  sigaction (SIGTSTP, &self->stop_action, NULL);
  sigaction (SIGCONT, &self->continue_action, NULL);
}

/* What libraries have to say would be written across the picture. */
static GLogWriterOutput
write_log (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
  if (isatty (STDERR_FILENO))
    return G_LOG_WRITER_HANDLED;
  return g_log_writer_default (level, fields, n_fields, user_data);
}

gboolean
pgm_tui_run (const PgmTuiOptions *options, GError **error)
{
  g_autoptr (PgmDashboard) dashboard = pgm_dashboard_new ();
  g_autoptr (PgmScreen) screen = pgm_screen_open (wants_colours (options), error);
  Tui self = { .dashboard = dashboard, .screen = screen };

  if (screen == NULL)
    return FALSE;
  if (options->interval_sec > 0)
    pgm_dashboard_set_interval (dashboard, options->interval_sec);
  if (options->job_id != NULL)
    (void) pgm_dashboard_choose_job (dashboard, options->job_id);
  g_log_set_writer_func (write_log, NULL, NULL);
  run (&self, options);
  if (self.ended)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "interrupted");
  return !self.ended;
}
