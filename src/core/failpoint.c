#include "core/failpoint.h"

#ifdef PGM_DEBUG

#include "core/error.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

typedef enum
{
  ACTION_KILL,
  ACTION_ERROR,
  ACTION_SLEEP,
} Action;

typedef struct
{
  char *name;
  Action action;
  gulong sleep_us;
  int pass;   /* acts at this one, counted from 1 */
  int passes; /* atomic */
} Point;

static void
free_point (gpointer data)
{
  Point *point = data;

  g_free (point->name);
  g_free (point);
}

static gboolean
parse_action (const char *text, Point *point)
{
  guint64 milliseconds;

  if (g_str_equal (text, "kill"))
    {
      point->action = ACTION_KILL;
      return TRUE;
    }
  if (g_str_equal (text, "error"))
    {
      point->action = ACTION_ERROR;
      return TRUE;
    }
  if (!g_str_has_prefix (text, "sleep:") ||
      !g_ascii_string_to_unsigned (text + strlen ("sleep:"), 10, 0, 3600 * 1000, &milliseconds,
                                   NULL))
    return FALSE;
  point->action = ACTION_SLEEP;
  point->sleep_us = (gulong) milliseconds * 1000;
  return TRUE;
}

/* "name=action" or "name=action@pass". */
static gboolean
parse_point (const char *text, Point *point)
{
  const char *equals = strchr (text, '=');
  const char *at = strrchr (text, '@');
  g_autofree char *action = NULL;
  guint64 pass = 1;

  if (equals == NULL || equals == text)
    return FALSE;
  if (at != NULL &&
      (at < equals || !g_ascii_string_to_unsigned (at + 1, 10, 1, G_MAXINT, &pass, NULL)))
    return FALSE;
  action = at != NULL ? g_strndup (equals + 1, (gsize) (at - equals - 1)) : g_strdup (equals + 1);
  point->name = g_strndup (text, (gsize) (equals - text));
  point->pass = (int) pass;
  return parse_action (action, point);
}

/* A wish that isn't understood ends the program at once: a test whose failure
 * quietly never comes would pass for the wrong reason. */
static gpointer
read_points (gpointer data)
{
  GPtrArray *points = g_ptr_array_new_with_free_func (free_point);
  const char *wishes = g_getenv ("PGMANAGER_FAILPOINT");
  g_auto (GStrv) parts = g_strsplit (wishes != NULL ? wishes : "", ";", -1);

  for (gsize i = 0; parts[i] != NULL; i++)
    {
      Point *point;

      if (*g_strstrip (parts[i]) == '\0')
        continue;
      point = g_new0 (Point, 1);
      if (!parse_point (parts[i], point))
        g_error ("PGMANAGER_FAILPOINT: \"%s\" is not name=kill|error|sleep:MS[@N]", parts[i]);
      g_ptr_array_add (points, point);
    }
  return points;
}

static gboolean
act (const Point *point, GError **error)
{
  switch (point->action)
    {
    case ACTION_KILL:
      (void) kill (getpid (), SIGKILL);
      return TRUE;
    case ACTION_ERROR:
      pgm_error_set (error, PGM_ERROR_FAILED, "failpoint \"%s\" was hit", point->name);
      return FALSE;
    case ACTION_SLEEP:
    default:
      g_usleep (point->sleep_us);
      return TRUE;
    }
}

gboolean
pgm_failpoint_hit (const char *name, GError **error)
{
  /* The counters have to outlive every call and there is nobody to hand them
   * in: the one place where a debug build keeps state of its own. */
  static GOnce once = G_ONCE_INIT;
  GPtrArray *points = g_once (&once, read_points, NULL);

  for (guint i = 0; i < points->len; i++)
    {
      Point *point = g_ptr_array_index (points, i);

      if (g_str_equal (point->name, name) &&
          g_atomic_int_add (&point->passes, 1) + 1 == point->pass && !act (point, error))
        return FALSE;
    }
  return TRUE;
}

#endif
