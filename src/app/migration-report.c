#include "app/migration-report.h"

#include "app/migration-words.h"
#include "app/text.h"
#include "core/i18n.h"
#include "core/text.h"
#include "core/units.h"

/* "Label          text"; nothing without a text. */
static void
add_line (GString *out, const char *label, const char *text)
{
  g_autofree char *shown = pgm_display_text (text);
  glong width = g_utf8_strlen (label, -1);

  if (shown == NULL || *shown == '\0')
    return;
  g_string_append (out, label);
  for (glong i = width; i < 22; i++)
    g_string_append_c (out, ' ');
  g_string_append_printf (out, "%s\n", shown);
}

static void
add_taken (GString *out, const char *label, char *text)
{
  g_autofree char *owned = text;

  add_line (out, label, text);
}

static void
add_lsn (GString *out, const char *label, PgmLsn lsn)
{
  char buffer[PGM_LSN_TEXT_SIZE];

  if (lsn != PGM_LSN_INVALID)
    add_line (out, label, pgm_lsn_format (lsn, buffer));
}

/* In UTC: a ticket is read elsewhere, too. */
static void
add_time (GString *out, const char *label, gint64 time)
{
  g_autoptr (GDateTime) moment =
      time != 0 ? g_date_time_new_from_unix_utc (time / G_USEC_PER_SEC) : NULL;

  if (moment != NULL)
    add_taken (out, label, g_date_time_format (moment, "%Y-%m-%d %H:%M:%S UTC"));
}

static void
add_heading (GString *out, const char *text)
{
  g_string_append_printf (out, "%s%s\n", out->len > 0 ? "\n" : "", text);
  for (glong i = g_utf8_strlen (text, -1); i > 0; i--)
    g_string_append_c (out, '-');
  g_string_append_c (out, '\n');
}

/* ---- a cutover ---- */

static const char *
cutover_result (const PgmCutoverReport *cutover)
{
  if (!cutover->done)
    return cutover->error != NULL ? _ ("given up; everything is as before") : _ ("under way");
  if (g_strcmp0 (cutover->direction, "back") == 0)
    return _ ("done; writes belong to the source again");
  return _ ("done; writes belong to the destination");
}

static void
add_step (GString *out, const PgmCutoverStep *step)
{
  g_autofree char *message = pgm_display_text (step->message);

  if (step->at_ms != 0 || g_strcmp0 (step->name, "fence") == 0)
    g_string_append_printf (out, "%10.1f ms  ", step->at_ms);
  else
    g_string_append_printf (out, "%13s  ", "");
  g_string_append_printf (out, "%-7s %s%s%s\n", step->ok ? _ ("ok") : _ ("FAILED"),
                          pgm_words_step (step->name), message != NULL ? ": " : "",
                          message != NULL ? message : "");
}

static void
add_standing (GString *out, const PgmCutoverReport *cutover)
{
  if (cutover->standing->len == 0)
    return;
  g_string_append_printf (out, "\n%s\n", _ ("This still stands, and how to undo it:"));
  for (guint i = 0; i < cutover->standing->len; i++)
    {
      const PgmStanding *standing = g_ptr_array_index (cutover->standing, i);
      g_autofree char *what = pgm_display_text (standing->what);
      g_autofree char *undo = pgm_display_text (standing->undo_sql);

      g_string_append_printf (out, "  %s: %s\n", standing->where, what);
      if (undo != NULL && *undo != '\0')
        g_string_append_printf (out, "    %s\n", undo);
    }
}

static void
add_cutover (GString *out, const PgmCutoverReport *cutover)
{
  add_heading (out, pgm_words_direction (cutover->direction));
  add_line (out, _ ("Result"), cutover_result (cutover));
  add_line (out, _ ("Reason"), cutover->error);
  add_time (out, _ ("Began"), cutover->started_at);
  add_line (out, _ ("Fence"), cutover->fence);
  if (cutover->done)
    {
      add_taken (out, _ ("Writes stopped for"), pgm_format_duration_ms (cutover->stopped_ms));
      add_line (out, _ ("Proof"),
                cutover->proved ? _ ("nothing was written between the two sentinels")
                                : _ ("none: without a fence nobody can say who still wrote"));
      add_taken (out, _ ("Sequences"), g_strdup_printf ("%" G_GINT64_FORMAT, cutover->sequences));
    }
  add_taken (out, _ ("Longest wait"), pgm_format_duration_ms (cutover->longest_wait_ms));
  add_lsn (out, _ ("Sentinel"), cutover->first_sentinel);
  add_lsn (out, _ ("Second sentinel"), cutover->second_sentinel);
  add_lsn (out, _ ("Final LSN"), cutover->final_lsn);
  g_string_append_c (out, '\n');
  for (guint i = 0; i < cutover->steps->len; i++)
    add_step (out, g_ptr_array_index (cutover->steps, i));
  add_standing (out, cutover);
}

char *
pgm_report_cutover_to_text (const PgmCutoverReport *cutover)
{
  GString *out = g_string_new (NULL);

  add_cutover (out, cutover);
  return g_string_free (out, FALSE);
}

static void
add_difference (GString *out, const PgmTableComparison *table)
{
  g_autofree char *full = g_strdup_printf ("%s.%s", table->schema, table->name);
  g_autofree char *name = pgm_display_text (full);

  g_string_append_printf (out, "  %s: %s\n", name, table->state);
  for (guint i = 0; i < table->rows->len; i++)
    {
      const PgmRowDifference *row = g_ptr_array_index (table->rows, i);
      g_autofree char *key = pgm_display_text (row->key);

      g_string_append_printf (out, "    %s: %s\n", row->state, key != NULL ? key : "?");
    }
}

static void
add_verification (GString *out, const PgmVerification *verification)
{
  if (verification == NULL || verification->finished_at == 0)
    return;
  add_heading (out, _ ("Comparison of both sides"));
  add_line (out, _ ("Result"),
            verification->error != NULL ? verification->error
            : verification->equal       ? _ ("equal")
                                        : _ ("DIFFERENT"));
  add_time (out, _ ("Ended"), verification->finished_at);
  add_lsn (out, _ ("As of"), verification->lsn);
  add_taken (out, _ ("Tables"), pgm_format_count ((guint64) MAX (verification->tables, 0)));
  add_taken (out, _ ("Rows"), pgm_format_count (verification->rows));
  for (guint i = 0; i < verification->differences->len; i++)
    add_difference (out, g_ptr_array_index (verification->differences, i));
}

/* ---- a job ---- */

static void
add_versions (GString *out, const PgmReport *report)
{
  if (report == NULL)
    return;
  add_line (out, _ ("Source server"), report->source_version);
  add_line (out, _ ("Destination server"), report->destination_version);
}

static void
add_counts (GString *out, const PgmReport *report)
{
  if (report->tables > 0)
    {
      add_taken (out, _ ("Tables"), pgm_format_count (report->tables));
      add_taken (out, _ ("Rows copied"), pgm_format_count (report->rows));
      add_taken (out, _ ("Data copied"), pgm_format_bytes (report->bytes));
      add_taken (out, _ ("Indexes"), pgm_format_count (report->indexes));
      add_taken (out, _ ("Constraints"), pgm_format_count (report->constraints));
      add_taken (out, _ ("Sequences"), pgm_format_count (report->sequences));
    }
  if (report->applied_lsn != PGM_LSN_INVALID)
    {
      add_taken (out, _ ("Transactions followed"), pgm_format_count (report->transactions));
      add_taken (out, _ ("Changes followed"), pgm_format_count (report->changes));
      add_lsn (out, _ ("Applied up to"), report->applied_lsn);
    }
}

static void
add_live (GString *out, const PgmSnapshot *snapshot)
{
  add_line (out, _ ("State"), pgm_phase_to_text ((PgmPhase) snapshot->phase));
  add_taken (out, _ ("Tables copied"),
             g_strdup_printf (_ ("%d of %d"), (int) snapshot->tables_copied,
                              (int) snapshot->tables_total));
  add_taken (out, _ ("Rows copied"), pgm_format_count (snapshot->total_rows));
  add_taken (out, _ ("Changes followed"), pgm_format_count (snapshot->changes));
  if (snapshot->applied_lsn != PGM_LSN_INVALID)
    add_taken (out, _ ("Lag"), pgm_format_bytes (snapshot->lag_bytes));
  add_lsn (out, _ ("Applied up to"), snapshot->applied_lsn);
}

static void
add_checks (GString *out, const PgmReport *report)
{
  static const char *const words[] = { N_ ("OK"), N_ ("warning"), N_ ("BLOCKER") };
  gboolean any = FALSE;

  for (guint i = 0; i < report->checks->len; i++)
    {
      const PgmCheck *check = g_ptr_array_index (report->checks, i);
      g_autofree char *reason = pgm_display_text (check->reason);

      if (check->level == PGM_CHECK_OK)
        continue;
      if (!any)
        add_heading (out, _ ("Checks that were not OK"));
      any = TRUE;
      g_string_append_printf (out, "%s: %s: %s\n", _ (words[CLAMP (check->level, 0, 2)]),
                              check->name, reason);
    }
}

static void
add_problems (GString *out, const PgmReport *report)
{
  if (report->problems->len == 0)
    return;
  add_heading (out, _ ("These could not be made; everything else is there"));
  for (guint i = 0; i < report->problems->len; i++)
    {
      const PgmProblem *problem = g_ptr_array_index (report->problems, i);
      g_autofree char *object = pgm_display_text (problem->object);
      g_autofree char *reason = pgm_display_text (problem->reason);
      g_autofree char *sql = pgm_display_text (problem->sql);

      g_string_append_printf (out, "%s: %s\n", object, reason);
      if (sql != NULL && *sql != '\0')
        g_string_append_printf (out, "    %s\n", sql);
    }
}

static void
add_error (GString *out, const PgmReport *report)
{
  if (report->error == NULL)
    return;
  add_heading (out, _ ("Why it ended"));
  add_line (out, _ ("Error"), report->error);
  add_line (out, _ ("Detail"), report->detail);
  add_line (out, _ ("Hint"), report->hint);
  add_line (out, "SQLSTATE", report->sqlstate);
}

char *
pgm_report_job_to_text (const PgmJobInfo *info,
                        const PgmSnapshot *snapshot,
                        const PgmReport *report,
                        const GPtrArray *cutovers)
{
  GString *out = g_string_new (NULL);

  add_heading (out, _ ("Migration"));
  add_line (out, _ ("Job"), info != NULL ? info->id : report != NULL ? report->job_id : NULL);
  add_line (out, _ ("Source"),
            info != NULL     ? info->source
            : report != NULL ? report->source
                             : NULL);
  add_line (out, _ ("Destination"),
            info != NULL     ? info->destination
            : report != NULL ? report->destination
                             : NULL);
  add_versions (out, report);
  if (info != NULL)
    add_time (out, _ ("Began"), info->started_at);
  if (report != NULL)
    {
      add_time (out, _ ("Ended"), report->finished_at);
      add_taken (out, _ ("Took"), pgm_format_duration (report->seconds));
      add_line (out, _ ("Result"), pgm_words_outcome (report));
      add_counts (out, report);
    }
  else if (snapshot != NULL)
    add_live (out, snapshot);
  for (guint i = 0; i < cutovers->len; i++)
    add_cutover (out, g_ptr_array_index (cutovers, i));
  add_verification (out, report != NULL     ? report->verification
                         : snapshot != NULL ? snapshot->verification
                                            : NULL);
  if (report != NULL)
    {
      add_checks (out, report);
      add_problems (out, report);
      add_error (out, report);
    }
  return g_string_free (out, FALSE);
}

char *
pgm_report_job_to_json (const PgmSnapshot *snapshot, const PgmReport *report)
{
  if (report != NULL)
    return pgm_record_to_json (report, TRUE);
  return snapshot != NULL ? pgm_record_to_json (snapshot, TRUE) : g_strdup ("{}");
}
