#include "cli/report-print.h"

#include <stdio.h>
#include <string.h>

#include "core/i18n.h"
#include "core/text.h"
#include "core/units.h"

/* Prints @text on standard output with control characters made harmless. */
static void
put (const char *text)
{
  g_autofree char *shown = pgm_display_text (text);

  g_print ("%s", shown);
}

/* The same for text of several lines, each behind @indent. */
static void
put_block (const char *indent, const char *text)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);

  for (guint i = 0; lines[i] != NULL; i++)
    {
      if (lines[i][0] == '\0' && lines[i + 1] == NULL)
        break;
      g_print ("%s", indent);
      put (lines[i]);
      g_print ("\n");
    }
}

static const char *
level_label (int level)
{
  switch ((PgmCheckLevel) level)
    {
    case PGM_CHECK_OK:
      return _ ("OK");
    case PGM_CHECK_WARNING:
      return _ ("warning");
    case PGM_CHECK_BLOCKER:
    default:
      return _ ("BLOCKER");
    }
}

static void
print_checks (const PgmReport *report, gboolean all)
{
  for (guint i = 0; i < report->checks->len; i++)
    {
      const PgmCheck *check = g_ptr_array_index (report->checks, i);

      if (!all && check->level == PGM_CHECK_OK)
        continue;
      g_print ("%-8s %-30s ", level_label (check->level), check->name);
      put (check->reason);
      g_print ("\n");
      if (check->fix_sql != NULL && check->level != PGM_CHECK_OK)
        put_block ("           ", check->fix_sql);
    }
}

static void
print_plan (const PgmReport *report)
{
  if (report->plan->len == 0)
    return;
  g_print ("\n%s\n", _ ("Plan"));
  g_print ("%-44s %12s %12s %6s %8s %8s\n", _ ("table"), _ ("rows (est.)"), _ ("size"), _ ("parts"),
           _ ("format"), _ ("indexes"));
  for (guint i = 0; i < report->plan->len; i++)
    {
      const PgmPlanTable *table = g_ptr_array_index (report->plan, i);
      g_autofree char *name = g_strdup_printf ("%s.%s", table->schema, table->name);
      g_autofree char *shown = pgm_display_text (name);
      g_autofree char *size = pgm_format_bytes (table->size_bytes);
      g_autofree char *rows = table->rows_estimate < 0
                                  ? g_strdup ("?")
                                  : pgm_format_count ((guint64) table->rows_estimate);

      g_print ("%-44s %12s %12s %6" G_GINT64_FORMAT " %8s %8" G_GINT64_FORMAT "\n", shown, rows,
               size, table->parts, table->method, table->indexes);
    }
}

static void
print_ends (const PgmReport *report)
{
  if (report->source != NULL)
    {
      g_print ("%-14s", _ ("Source"));
      put (report->source);
      g_print ("%s%s\n", report->source_version != NULL ? ", PostgreSQL " : "",
               report->source_version != NULL ? report->source_version : "");
    }
  if (report->destination != NULL)
    {
      g_print ("%-14s", _ ("Destination"));
      put (report->destination);
      g_print ("%s%s\n", report->destination_version != NULL ? ", PostgreSQL " : "",
               report->destination_version != NULL ? report->destination_version : "");
    }
}

static void
print_problems (const PgmReport *report)
{
  if (report->problems->len == 0)
    return;
  g_print ("\n%s\n", _ ("These could not be made; everything else is there:"));
  for (guint i = 0; i < report->problems->len; i++)
    {
      const PgmProblem *problem = g_ptr_array_index (report->problems, i);

      g_print ("  ");
      put (problem->object);
      g_print (": ");
      put (problem->reason);
      g_print ("\n");
      if (problem->sql != NULL)
        put_block ("      ", problem->sql);
    }
}

static void
print_clone (const PgmReport *report)
{
  g_autofree char *rows = pgm_format_count (report->rows);
  g_autofree char *bytes = pgm_format_bytes (report->bytes);
  g_autofree char *seconds = pgm_format_duration (report->seconds);
  g_autofree char *rate =
      pgm_format_byte_rate (report->seconds > 0 ? (double) report->bytes / report->seconds : 0);

  g_print ("%-14s%s\n", _ ("Rows"), rows);
  g_print ("%-14s%s (%s)\n", _ ("Copied"), bytes, rate);
  g_print ("%-14s", _ ("Objects"));
  g_print (_ ("%" G_GUINT64_FORMAT " tables, %" G_GUINT64_FORMAT " indexes, %" G_GUINT64_FORMAT
              " constraints, %" G_GUINT64_FORMAT " sequences, %" G_GUINT64_FORMAT " large objects"),
           report->tables, report->indexes, report->constraints, report->sequences,
           report->large_objects);
  g_print ("\n%-14s%s\n", _ ("Time"), seconds);
}

static const char *
state_label (const char *state)
{
  if (strcmp (state, "only-source") == 0)
    return _ ("only on the source");
  if (strcmp (state, "only-destination") == 0)
    return _ ("only on the destination");
  if (strcmp (state, "different") == 0)
    return _ ("different");
  return state;
}

static void
print_object_difference (const PgmObjectDifference *difference)
{
  g_print ("\n%s ", difference->object_class);
  put (difference->identity);
  g_print (": %s\n", state_label (difference->state));
  if (difference->source_ddl != NULL)
    put_block ("  < ", difference->source_ddl);
  if (difference->destination_ddl != NULL)
    put_block ("  > ", difference->destination_ddl);
}

void
pgm_report_print_table (const PgmTableComparison *table)
{
  g_print ("\n%s ", _ ("table"));
  put (table->schema);
  g_print (".");
  put (table->name);
  g_print (": %s", state_label (table->state));
  if (table->reason != NULL)
    {
      g_print (": ");
      put (table->reason);
    }
  g_print ("\n");
  if (g_strcmp0 (table->state, "failed") == 0)
    return; /* nobody has counted */
  g_print ("  ");
  g_print (_ ("rows: %" G_GINT64_FORMAT " on the source, %" G_GINT64_FORMAT " on the destination"),
           table->source_rows, table->destination_rows);
  if (table->differing_rows >= 0)
    g_print (_ ("; %" G_GINT64_FORMAT " differ"), table->differing_rows);
  g_print ("\n");
  for (guint i = 0; i < table->rows->len; i++)
    {
      const PgmRowDifference *row = g_ptr_array_index (table->rows, i);

      g_print ("  %s: ", state_label (row->state));
      put (row->key != NULL ? row->key : "");
      g_print ("\n");
      if (row->source_row != NULL)
        put_block ("    < ", row->source_row);
      if (row->destination_row != NULL)
        put_block ("    > ", row->destination_row);
    }
}

static void
print_comparison (const PgmReport *report, const PgmCompareOptions *options)
{
  gboolean both = options == NULL || options->schema == options->data;
  guint64 rows = 0;
  guint equal = 0;
  g_autofree char *seconds = pgm_format_duration (report->seconds);
  g_autofree char *count = NULL;

  for (guint i = 0; i < report->objects->len; i++)
    print_object_difference (g_ptr_array_index (report->objects, i));
  for (guint i = 0; i < report->table_comparisons->len; i++)
    {
      const PgmTableComparison *table = g_ptr_array_index (report->table_comparisons, i);

      rows += (guint64) MAX (table->source_rows, 0);
      if (strcmp (table->state, "equal") == 0)
        equal++;
      else
        pgm_report_print_table (table);
    }
  count = pgm_format_count (rows);
  if (report->objects->len > 0 || equal < report->table_comparisons->len)
    g_print ("\n");
  if (both || options->schema)
    {
      g_print ("%-14s", _ ("Schema"));
      g_print (_ ("%" G_GUINT64_FORMAT " objects compared, %u differ"), report->objects_compared,
               report->objects->len);
      g_print ("\n");
    }
  if (both || options->data)
    {
      g_print ("%-14s", _ ("Data"));
      g_print (_ ("%u tables digested (%s rows), %u differ"), report->table_comparisons->len, count,
               report->table_comparisons->len - equal);
      g_print ("\n");
    }
  g_print ("%-14s%s\n", _ ("Time"), seconds);
  if (g_strcmp0 (report->source, report->destination) == 0)
    g_print ("%-14s%s\n", _ ("Note"), _ ("Both ends are one and the same database."));
}

char *
pgm_report_verification_text (const PgmVerification *verification)
{
  char lsn[PGM_LSN_TEXT_SIZE];
  g_autofree char *age = pgm_format_duration (
      (double) (g_get_real_time () - verification->finished_at) / G_USEC_PER_SEC);

  if (verification->finished_at == 0)
    return g_strdup_printf (_ ("under way, %.0f %%"), verification->percent);
  if (verification->error != NULL)
    return g_strdup_printf (_ ("without a result, %s ago: %s"), age, verification->error);
  return g_strdup_printf (verification->equal ? _ ("equal as of %s, %s ago")
                                              : _ ("DIFFERENT as of %s, %s ago"),
                          pgm_lsn_format (verification->lsn, lsn), age);
}

static void
print_following (const PgmReport *report)
{
  g_autofree char *verified =
      report->verification != NULL ? pgm_report_verification_text (report->verification) : NULL;

  g_autofree char *transactions = pgm_format_count (report->transactions);
  g_autofree char *changes = pgm_format_count (report->changes);
  g_autofree char *lsn = pgm_lsn_to_string (report->applied_lsn);
  g_autofree char *seconds = pgm_format_duration (report->seconds);

  g_print ("%-14s", _ ("Followed"));
  g_print (_ ("%s transactions, %s changes"), transactions, changes);
  if (report->conflicts > 0)
    g_print (_ (", %" G_GUINT64_FORMAT " left out"), report->conflicts);
  g_print ("\n%-14s%s\n", _ ("Applied up to"), lsn);
  if (verified != NULL)
    {
      g_print ("%-14s", _ ("Verified"));
      put (verified);
      g_print ("\n");
    }
  g_print ("%-14s%s\n", _ ("Time"), seconds);
}

static const char *
outcome_label (const PgmReport *report, gboolean dry_run)
{
  gboolean compare = g_strcmp0 (report->kind, "compare") == 0;
  gboolean followed = report->applied_lsn != 0;

  switch ((PgmOutcome) report->outcome)
    {
    case PGM_OUTCOME_DONE:
      if (dry_run)
        return _ ("ready; nothing was changed");
      return compare ? _ ("equal") : _ ("done");
    case PGM_OUTCOME_DIFFERENT:
      return _ ("DIFFERENT");
    case PGM_OUTCOME_PROBLEMS:
      return _ ("done, but not everything could be made");
    case PGM_OUTCOME_REFUSED:
      return followed ? _ ("stopped by a check") : _ ("refused; nothing was changed");
    case PGM_OUTCOME_INTERRUPTED:
      return followed ? _ ("stopped; it can go on from there") : _ ("interrupted");
    case PGM_OUTCOME_FAILED:
    default:
      return _ ("FAILED");
    }
}

static void
print_field (const char *label, const char *text)
{
  if (text == NULL)
    return;
  g_printerr ("  %s ", label);
  pgm_command_print_error ("    ", text);
}

static void
print_error (const PgmReport *report)
{
  if (report->error != NULL && report->outcome != PGM_OUTCOME_INTERRUPTED)
    {
      fflush (stdout);
      g_autoptr (GString) text = g_string_new (report->error);
      g_autofree char *shown = NULL;

      if (report->sqlstate != NULL)
        g_string_append_printf (text, " (SQLSTATE %s)", report->sqlstate);
      shown = pgm_display_text (text->str);
      g_printerr ("pgmanager: %s\n", shown);
      print_field (_ ("Detail:"), report->detail);
      print_field (_ ("Hint:"), report->hint);
    }
  if (report->resumable && report->outcome == PGM_OUTCOME_INTERRUPTED && report->hint != NULL)
    print_field (_ ("Hint:"), report->hint);
  else if (report->resumable && report->applied_lsn == 0)
    g_printerr (
        "%s\n",
        _ ("What was copied so far is kept: the same command with --resume goes on from there."));
}

void
pgm_report_print (PgmReport *report, const PgmJobSpec *spec, PgmOutput output)
{
  gboolean dry_run = spec->clone != NULL && spec->clone->dry_run;
  gboolean clone = g_strcmp0 (report->kind, "clone") == 0;
  gboolean compare = g_strcmp0 (report->kind, "compare") == 0;
  gboolean ended = report->outcome == PGM_OUTCOME_DONE || report->outcome == PGM_OUTCOME_PROBLEMS;

  if (output == PGM_OUTPUT_JSON)
    {
      g_autofree char *json = pgm_record_to_json (report, FALSE);

      g_print ("{\"report\":%s}\n", json);
      return;
    }

  print_ends (report);
  if (!compare)
    print_checks (report, dry_run || g_strcmp0 (report->kind, "cleanup") == 0);
  if (dry_run)
    print_plan (report);
  print_problems (report);
  if (clone && ended && !dry_run)
    print_clone (report);
  if (report->applied_lsn != 0)
    print_following (report);
  if (compare && (report->outcome == PGM_OUTCOME_DONE || report->outcome == PGM_OUTCOME_DIFFERENT))
    print_comparison (report, spec->compare);
  g_print ("%-14s%s\n", _ ("Result"), outcome_label (report, dry_run));
  print_error (report);
}
