#include "config.h"

#include "migration/fence.h"
#include "migration/preflight-private.h"
#include "migration/reverse.h"
#include "migration/table-lock.h"
#include "postgres/privileges.h"

/* What a cutover will ask for, told while there is time to have it granted: by the
 * same questions, for the fence that is the default and with a way back. */

/* Names shown in the sentence. */
#define SUBJECTS_SHOWN 3

static gboolean
collect_fence (PgmPreflight *self, GPtrArray *missing, GError **error)
{
  g_autoptr (PgmCatalog) catalog =
      pgm_catalog_read_structure (self->source, self->cancellable, error);
  g_autoptr (PgmTableLock) lock = NULL;
  PgmConnection *session = NULL;
  PgmSwitchoverOptions *options = NULL;
  PgmFenceRecord *fence = NULL;

  if (catalog == NULL)
    return FALSE;
  if (self->filter != NULL)
    pgm_filter_apply (self->filter, catalog);
  session = pgm_ends_connect (self->ends, PGM_END_SOURCE, "preflight", self->cancellable, error);
  if (session == NULL)
    return FALSE;
  lock = pgm_table_lock_new (session, catalog);
  if (!pgm_table_lock_check_privileges (lock, missing, self->cancellable, error))
    return FALSE;
  options = pgm_record_new (&pgm_switchover_options_type);
  fence = pgm_fence_plan (self->ends, PGM_END_SOURCE, self->source, options, missing,
                          self->cancellable, error);
  pgm_record_unref (options);
  pgm_missing_privileges_set_side (missing, "source");
  if (fence == NULL)
    return FALSE;
  pgm_record_unref (fence);
  return TRUE;
}

/* Without origins on the destination there is no way back: that is told already. What a
 * clone is going to make there is not there yet. */
static gboolean
collect_reverse (PgmPreflight *self, GPtrArray *missing, GError **error)
{
  PgmFollowState state = { .origin = (char[]){ "any" } };
  g_autoptr (GPtrArray) none = g_ptr_array_new ();
  PgmCatalog empty = { .tables = none };
  PgmFollowContext ctx = { .ends = self->ends,
                           .catalog = self->options != NULL ? &empty : self->catalog,
                           .state = &state };
  PgmReverse reverse = { &ctx, FALSE, self->source, self->destination };

  return pgm_reverse_check_servers (&reverse, missing, self->cancellable, error);
}

static void
add_side (PgmPreflight *self,
          const char *name,
          GPtrArray *missing,
          const char *side,
          const char *user)
{
  g_autoptr (GPtrArray) subjects = g_ptr_array_new ();
  g_autoptr (GString) fixes = g_string_new (NULL);
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < missing->len; i++)
    {
      const PgmMissingPrivilege *lacking = g_ptr_array_index (missing, i);

      if (g_strcmp0 (lacking->side, side) != 0)
        continue;
      g_ptr_array_add (subjects, lacking->subject);
      g_string_append_printf (fixes, "%s%s; -- on the %s", fixes->len > 0 ? "\n" : "",
                              lacking->fix_sql, side);
    }
  for (guint i = 0; i < subjects->len && i < SUBJECTS_SHOWN; i++)
    g_string_append_printf (text, "%s%s", i > 0 ? "; " : "",
                            (char *) g_ptr_array_index (subjects, i));
  if (subjects->len > SUBJECTS_SHOWN)
    g_string_append_printf (text, "; and %u more", subjects->len - SUBJECTS_SHOWN);
  if (subjects->len > 0)
    pgm_preflight_add (self, name, PGM_CHECK_WARNING, fixes->str,
                       "A switchover with its default fence and a way back will need more for role"
                       " %s on the %s: %s.",
                       user, side, text->str);
}

gboolean
pgm_preflight_check_cutover (PgmPreflight *self, const char *name, GError **error)
{
  g_autoptr (GPtrArray) missing =
      g_ptr_array_new_with_free_func ((GDestroyNotify) pgm_missing_privilege_free);

  if (self->source_info->in_recovery)
    {
      pgm_preflight_add (self, name, PGM_CHECK_WARNING, NULL,
                         "There will be no switchover: the source is a standby, whose writes"
                         " happen on another server.");
      return TRUE;
    }
  if (!collect_fence (self, missing, error) || !collect_reverse (self, missing, error))
    return FALSE;
  add_side (self, name, missing, "source", self->source_info->user);
  add_side (self, name, missing, "destination", self->destination_info->user);
  if (missing->len == 0)
    pgm_preflight_add (self, name, PGM_CHECK_OK, NULL,
                       "What a switchover and its way back need is granted.");
  return TRUE;
}
