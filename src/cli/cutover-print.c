#include "cli/cutover-print.h"

#include "core/i18n.h"
#include "core/text.h"
#include "core/units.h"

void
pgm_cutover_print_step (const PgmCutoverStep *step)
{
  g_autofree char *message = pgm_display_text (step->message != NULL ? step->message : "");

  if (step->at_ms != 0 || g_str_equal (step->name, "fence"))
    g_print ("%9.1f ms  ", step->at_ms);
  else
    /* Times count from the fence, and nobody knew yet when that would be. */
    g_print ("%12s  ", "");
  g_print ("%-4s %-22s %s\n", step->ok ? _ ("ok") : _ ("FAIL"), step->name, message);
}

static void
print_line (const char *label, const char *text)
{
  g_autofree char *shown = pgm_display_text (text);

  g_print ("%-14s%s\n", label, shown);
}

static void
print_lsn (const char *label, PgmLsn lsn)
{
  char buffer[PGM_LSN_TEXT_SIZE];

  if (lsn != 0)
    print_line (label, pgm_lsn_format (lsn, buffer));
}

static void
print_standing (const PgmCutoverReport *cutover)
{
  if (cutover->standing->len == 0)
    return;
  g_print ("\n%s\n", _ ("This still stands, and how to undo it:"));
  for (guint i = 0; i < cutover->standing->len; i++)
    {
      const PgmStanding *standing = g_ptr_array_index (cutover->standing, i);
      g_autofree char *what = pgm_display_text (standing->what);
      g_autofree char *undo = pgm_display_text (standing->undo_sql);

      g_print ("  %s: %s\n", standing->where, what);
      if (undo != NULL)
        g_print ("      %s\n", undo);
    }
}

static const char *
result_label (const PgmCutoverReport *cutover)
{
  if (!cutover->done)
    return _ ("given up; everything is as before, and changes go on being followed");
  if (g_strcmp0 (cutover->direction, "back") == 0)
    return _ ("done; writes belong to the source again");
  return _ ("done; writes belong to the destination");
}

void
pgm_cutover_print_proof (const PgmCutoverReport *cutover)
{
  g_autofree char *stopped = pgm_format_duration_ms (cutover->stopped_ms);
  g_autofree char *waited = pgm_format_duration_ms (cutover->longest_wait_ms);

  g_print ("\n");
  print_line (_ ("Fence"), cutover->fence != NULL ? cutover->fence : "?");
  print_lsn (_ ("Sentinel"), cutover->first_sentinel);
  print_lsn (_ ("2nd sentinel"), cutover->second_sentinel);
  print_lsn (_ ("Final LSN"), cutover->final_lsn);
  if (cutover->done)
    {
      g_print ("%-14s%" G_GINT64_FORMAT "\n", _ ("Sequences"), cutover->sequences);
      print_line (_ ("Proof"), cutover->proved
                                   ? _ ("nothing was written between the two sentinels")
                                   : _ ("none: without a fence nobody can say who still wrote"));
      print_line (_ ("Writes held"), stopped);
    }
  print_line (_ ("Longest wait"), waited);
  print_standing (cutover);
  print_line (_ ("Result"), result_label (cutover));
}
