/* What is asked before something is done to a job. */
#include <string.h>

#include "core/i18n.h"
#include "tui/dashboard-private.h"

gboolean
pgm_dashboard_goes_back (const PgmJobView *job)
{
  const PgmCutoverReport *cutover = job->snapshot != NULL ? job->snapshot->cutover : NULL;

  if (cutover == NULL)
    return FALSE;
  /* One that goes back and was given up leaves the writes where they were. */
  return cutover->done == (g_strcmp0 (cutover->direction, "back") != 0);
}

static void
set_question (PgmDashboard *self, PgmWishKind kind, PgmRequestKind request, const char *text)
{
  PgmConfirmation *question = &self->question;

  question->kind = kind;
  question->request = request;
  question->text = g_strdup (text);
}

/* May the job be asked for this, as it says itself? */
static gboolean
can_be_asked (const PgmJobView *job, PgmRequestKind request)
{
  const PgmSnapshot *snapshot = job->snapshot;

  return snapshot != NULL && snapshot->requests != NULL &&
         g_strv_contains ((const char *const *) snapshot->requests,
                          pgm_request_kind_names[request]);
}

static void
ask_for_cutover (PgmDashboard *self, const PgmJobView *job)
{
  gboolean back = pgm_dashboard_goes_back (job);

  if (can_be_asked (job, PGM_REQUEST_SWITCHOVER_CANCEL) &&
      !can_be_asked (job, PGM_REQUEST_SWITCHOVER) &&
      !can_be_asked (job, PGM_REQUEST_SWITCHOVER_BACK))
    {
      set_question (self, PGM_WISH_REQUEST, PGM_REQUEST_SWITCHOVER_CANCEL,
                    _ ("Call the cutover off?\nUntil it is decided, all is as before then."));
      return;
    }
  set_question (
      self, PGM_WISH_REQUEST, back ? PGM_REQUEST_SWITCHOVER_BACK : PGM_REQUEST_SWITCHOVER,
      back
          ? _ ("Move the writes back to the source?\nThe destination's sessions are ended and it is "
               "closed to the application (fence \"revoke\"), which waits for 30 s at the longest.")
          : _ ("Move the writes to the destination?\nThe source's sessions are ended and it is "
               "closed to the application (fence \"revoke\"), which waits for 30 s at the longest."));
  self->question.in_full = TRUE;
}

gboolean
pgm_dashboard_ask (PgmDashboard *self, gunichar key)
{
  const PgmJobView *job = pgm_dashboard_get_view (self);

  if (job == NULL || !job->served || job->report != NULL)
    return FALSE;
  g_clear_pointer (&self->question.text, g_free);
  g_free (self->question.job_id);
  self->question.job_id = g_strdup (job->id);
  self->question.in_full = FALSE;
  if (key == 'S')
    set_question (self, PGM_WISH_STOP, PGM_REQUEST_PAUSE,
                  _ ("Stop this job?\nIt ends in order; what was copied is kept, and its command "
                     "with --resume goes on from there."));
  else if (key == 'V')
    set_question (
        self, PGM_WISH_REQUEST, PGM_REQUEST_VERIFY,
        _ ("Compare both sides now, while changes flow?\nApplying them stands still for a moment."));
  else if (key == 'C')
    ask_for_cutover (self, job);
  else if (job->snapshot != NULL && job->snapshot->phase == PGM_PHASE_PAUSED)
    set_question (self, PGM_WISH_REQUEST, PGM_REQUEST_RESUME, _ ("Go on with this job?"));
  else
    set_question (self, PGM_WISH_REQUEST, PGM_REQUEST_PAUSE,
                  _ ("Pause this job?\nNo changes are applied meanwhile, and the source keeps its "
                     "WAL."));
  g_string_truncate (self->typed, 0);
  self->mode = PGM_MODE_ASK;
  return TRUE;
}

static gboolean
is_yes (const PgmDashboard *self, const PgmKey *key)
{
  if (self->question.in_full)
    return key->name == PGM_KEY_ENTER && strcmp (self->typed->str, "yes") == 0;
  return key->name == PGM_KEY_CHARACTER && (key->character == 'y' || key->character == 'Y');
}

static gboolean
goes_on_typing (PgmDashboard *self, const PgmKey *key)
{
  if (!self->question.in_full)
    return FALSE;
  if (key->name == PGM_KEY_CHARACTER && key->character > ' ' && key->character < 0x7f &&
      self->typed->len < 8)
    g_string_append_c (self->typed, (char) key->character);
  else if (key->name == PGM_KEY_BACKSPACE && self->typed->len > 0)
    g_string_truncate (self->typed, self->typed->len - 1);
  else
    return key->name != PGM_KEY_ENTER && key->name != PGM_KEY_ESCAPE;
  return TRUE;
}

/* Whatever is no yes is a no. */
PgmWish
pgm_dashboard_answer (PgmDashboard *self, const PgmKey *key)
{
  PgmWish wish = { PGM_WISH_NONE };

  if (is_yes (self, key))
    {
      wish.kind = self->question.kind;
      wish.request = self->question.request;
      wish.job_id = g_strdup (self->question.job_id);
    }
  else if (goes_on_typing (self, key))
    return wish;
  self->mode = PGM_MODE_BROWSE;
  return wish;
}
