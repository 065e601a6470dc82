#include "cli/follow-options.h"

#include <string.h>

#include "core/error.h"
#include "core/i18n.h"

void
pgm_follow_arguments_add (GOptionContext *context, PgmFollowArguments *self)
{
  const GOptionEntry entries[] = {
    { "slot", 0, 0, G_OPTION_ARG_FILENAME, &self->slot,
      N_ ("Name of the replication slot on the source (named after the job)"), "NAME" },
    { "publication", 0, 0, G_OPTION_ARG_FILENAME, &self->publication,
      N_ ("Name of the publication on the source (named after the job)"), "NAME" },
    { "origin-id", 0, 0, G_OPTION_ARG_FILENAME, &self->origin,
      N_ ("Name of the replication origin on the destination (named after the job)"), "NAME" },
    { "on-conflict", 0, 0, G_OPTION_ARG_FILENAME, &self->conflicts,
      N_ ("What becomes of a change that doesn't fit the rows there (stop)"), "stop|log|skip" },
    { "stream-large", 0, 0, G_OPTION_ARG_NONE, &self->streaming,
      N_ ("Have large transactions sent before their end, and keep them here: spares the "
          "source's disk, takes longer (14 and later)"),
      NULL },
    { "local-only", 0, 0, G_OPTION_ARG_NONE, &self->local_only,
      N_ ("Leave out what was replicated to the source itself (two jobs, one each way)"), NULL },
    G_OPTION_ENTRY_NULL,
  };
  GOptionGroup *group = g_option_group_new ("follow", _ ("Following changes:"),
                                            _ ("Show the options of following"), NULL, NULL);

  g_option_group_set_translation_domain (group, PGM_GETTEXT_DOMAIN);
  g_option_group_add_entries (group, entries);
  g_option_context_add_group (context, group);
}

static gboolean
parse_conflicts (const char *text, int *policy, GError **error)
{
  *policy = PGM_CONFLICT_STOP;
  for (int i = 0; text != NULL && pgm_conflict_names[i] != NULL; i++)
    if (strcmp (text, pgm_conflict_names[i]) == 0)
      {
        *policy = i;
        return TRUE;
      }
  if (text == NULL)
    return TRUE;
  pgm_error_set_full (error, PGM_ERROR_USAGE, NULL, NULL,
                      _ ("Use --on-conflict=stop, log or skip."), "unknown policy: %s", text);
  return FALSE;
}

PgmFollowOptions *
pgm_follow_arguments_take (PgmFollowArguments *self, GError **error)
{
  PgmFollowOptions *options = pgm_record_new (&pgm_follow_options_type);

  options->slot_name = g_steal_pointer (&self->slot);
  options->publication = g_steal_pointer (&self->publication);
  options->origin = g_steal_pointer (&self->origin);
  options->local_only = self->local_only;
  options->streaming = self->streaming;
  if (parse_conflicts (self->conflicts, &options->on_conflict, error))
    return options;
  pgm_record_unref (options);
  return NULL;
}

gboolean
pgm_follow_arguments_given (const PgmFollowArguments *self)
{
  return self->slot != NULL || self->publication != NULL || self->origin != NULL ||
         self->conflicts != NULL || self->streaming || self->local_only;
}

void
pgm_follow_arguments_clear (PgmFollowArguments *self)
{
  g_free (self->slot);
  g_free (self->publication);
  g_free (self->origin);
  g_free (self->conflicts);
}
