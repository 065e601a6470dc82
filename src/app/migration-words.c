#include "app/migration-words.h"

#include <string.h>

#include "app/text.h"
#include "core/i18n.h"
#include "core/text.h"
#include "model/request.h"

typedef struct
{
  const char *name;
  const char *text; /* N_() */
} Word;

const char *
pgm_words_outcome (const PgmReport *report)
{
  gboolean compare = g_strcmp0 (report->kind, "compare") == 0;

  switch ((PgmOutcome) report->outcome)
    {
    case PGM_OUTCOME_DONE:
      return compare ? _ ("Equal") : _ ("Done");
    case PGM_OUTCOME_DIFFERENT:
      return _ ("Different");
    case PGM_OUTCOME_PROBLEMS:
      return _ ("Done, but not everything could be made");
    case PGM_OUTCOME_REFUSED:
      return _ ("Stopped by a check");
    case PGM_OUTCOME_INTERRUPTED:
      return _ ("Stopped");
    case PGM_OUTCOME_FAILED:
    default:
      return _ ("Failed");
    }
}

const char *
pgm_words_outcome_icon (int outcome)
{
  switch ((PgmOutcome) outcome)
    {
    case PGM_OUTCOME_DONE:
      return "emblem-ok-symbolic";
    case PGM_OUTCOME_DIFFERENT:
    case PGM_OUTCOME_PROBLEMS:
    case PGM_OUTCOME_REFUSED:
      return "dialog-warning-symbolic";
    case PGM_OUTCOME_INTERRUPTED:
      return "media-playback-stop-symbolic";
    case PGM_OUTCOME_FAILED:
    default:
      return "dialog-error-symbolic";
    }
}

const char *
pgm_words_outcome_class (int outcome)
{
  if (outcome == PGM_OUTCOME_DONE)
    return "success";
  return outcome == PGM_OUTCOME_FAILED ? "error" : "warning";
}

const char *
pgm_words_fence (int fence)
{
  switch ((PgmFence) fence)
    {
    case PGM_FENCE_REVOKE:
      return _ ("Revoke CONNECT");
    case PGM_FENCE_READONLY:
      return _ ("Make it read-only");
    case PGM_FENCE_PGBOUNCER:
      return _ ("Pause PgBouncer");
    case PGM_FENCE_NONE:
    default:
      return _ ("None");
    }
}

const char *
pgm_words_fence_long (int fence)
{
  switch ((PgmFence) fence)
    {
    case PGM_FENCE_REVOKE:
      return _ ("CONNECT is revoked from everybody who may connect now, and their sessions are "
                "ended. They can still not connect afterwards, until it is granted again.");
    case PGM_FENCE_READONLY:
      return _ ("The database becomes read-only by default, and sessions are ended. Whoever "
                "connects again can read, but not write.");
    case PGM_FENCE_PGBOUNCER:
      return _ ("PgBouncer holds its clients; they wait and notice nothing else.");
    case PGM_FENCE_NONE:
    default:
      return _ ("You have stopped the writers yourself. Nothing can be proved then.");
    }
}

const char *
pgm_words_step (const char *name)
{
  static const Word steps[] = {
    { "sessions", N_ ("Sessions opened") },
    { "preflight", N_ ("Checked once more") },
    { "handover-ready", N_ ("Sequences and views made ready") },
    { "way-back", N_ ("Way back made ready") },
    { "lock-ready", N_ ("Lock made ready") },
    { "catch-up", N_ ("Caught up") },
    { "fence", N_ ("Fence raised: writes stop") },
    { "lock", N_ ("Tables locked") },
    { "sentinel", N_ ("Sentinel sent and awaited") },
    { "handover", N_ ("Sequences carried over") },
    { "second-sentinel", N_ ("Second sentinel: nothing in between") },
    { "decide", N_ ("Point of no return") },
    { "open", N_ ("Destination opened: writes go on") },
    { "release", N_ ("Locks let go") },
    { "refresh", N_ ("Views refreshed") },
    { "fence-down", N_ ("Fence taken down again") },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (steps); i++)
    if (g_strcmp0 (steps[i].name, name) == 0)
      return _ (steps[i].text);
  return name;
}

const char *
pgm_words_direction (const char *direction)
{
  return g_strcmp0 (direction, "back") == 0 ? _ ("Back to the source")
                                            : _ ("Over to the destination");
}

char *
pgm_words_event (const PgmEvent *event)
{
  if (g_strcmp0 (event->type, "phase") == 0)
    for (int i = 0; pgm_phase_names[i] != NULL; i++)
      if (g_strcmp0 (pgm_phase_names[i], event->message) == 0)
        return g_strdup (pgm_phase_to_text ((PgmPhase) i));
  return pgm_display_text (event->message);
}

gboolean
pgm_words_is_in_trouble (const PgmSnapshot *snapshot)
{
  return snapshot->activity != NULL && snapshot->error_count > 0 &&
         strstr (snapshot->activity, "trying again") != NULL;
}

gboolean
pgm_words_cutover_is_over (const PgmCutoverReport *cutover)
{
  return cutover != NULL && (cutover->done || cutover->error != NULL);
}

gboolean
pgm_words_belongs_to_destination (const PgmSnapshot *snapshot)
{
  return snapshot->cutover != NULL && snapshot->cutover->done &&
         g_strcmp0 (snapshot->cutover->direction, "forward") == 0;
}
