#include "app/notifier.h"

#include "core/i18n.h"
#include "core/text.h"

#define BACKGROUND "background"

static gboolean
has_failed (PgmJobItem *item)
{
  const PgmJobInfo *info = pgm_job_item_get_info (item);

  return info->status == PGM_JOB_LOST ||
         g_strcmp0 (info->outcome, pgm_outcome_names[PGM_OUTCOME_FAILED]) == 0 ||
         g_strcmp0 (info->outcome, pgm_outcome_names[PGM_OUTCOME_REFUSED]) == 0;
}

void
pgm_notifier_job_ended (GApplication *application, PgmJobItem *item)
{
  const PgmJobInfo *info = pgm_job_item_get_info (item);
  g_autofree char *id = g_strconcat ("job-", info->id, NULL);
  g_autofree char *title = pgm_job_item_get_title (item);
  g_autofree char *state = pgm_job_item_describe (item);
  g_autofree char *text = g_strdup_printf ("%s: %s", state, title);
  g_autofree char *plain = pgm_display_text (text);
  g_autofree char *reason = pgm_display_text (info->error);
  g_autoptr (GNotification) notification =
      g_notification_new (has_failed (item) ? _ ("A Job Has Failed") : _ ("A Job Has Ended"));
  g_autofree char *body =
      reason != NULL ? g_strdup_printf ("%s\n%s", plain, reason) : g_strdup (plain);

  g_notification_set_body (notification, body);
  if (has_failed (item))
    g_notification_set_priority (notification, G_NOTIFICATION_PRIORITY_HIGH);
  g_notification_set_default_action_and_target (notification, "app.show-job", "s", info->id);
  g_notification_add_button_with_target (notification, _ ("Show"), "app.show-job", "s", info->id);
  g_application_send_notification (application, id, notification);
}

void
pgm_notifier_in_background (GApplication *application, guint running)
{
  g_autoptr (GNotification) notification = g_notification_new (_ ("pgmanager Goes On"));
  g_autofree char *body =
      g_strdup_printf (g_dngettext (PGM_GETTEXT_DOMAIN, "%u job runs on without a window.",
                                    "%u jobs run on without a window.", running),
                       running);

  g_notification_set_body (notification, body);
  g_notification_set_default_action (notification, "app.show-window");
  g_notification_add_button (notification, _ ("Show"), "app.show-window");
  g_notification_add_button (notification, _ ("Stop and Quit"), "app.stop-and-quit");
  g_application_send_notification (application, BACKGROUND, notification);
}

void
pgm_notifier_in_front (GApplication *application)
{
  g_application_withdraw_notification (application, BACKGROUND);
}
