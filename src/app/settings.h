/* What the window remembers: GSettings of schema io.github.pgmanager.Pgmanager, found
 * where it is installed or beside a build that isn't. Without it everything has its
 * default and nothing is remembered; each function accepts NULL for that. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define PGM_SETTING_WIDTH      "window-width"
#define PGM_SETTING_HEIGHT     "window-height"
#define PGM_SETTING_MAXIMIZED  "window-maximized"
#define PGM_SETTING_SIDEBAR    "sidebar-visible"
#define PGM_SETTING_STYLE      "style" /* "system", "light", "dark" */
#define PGM_SETTING_REFRESH    "refresh-seconds"
#define PGM_SETTING_BACKGROUND "run-in-background"
#define PGM_SETTING_NOTIFY     "notify"
#define PGM_SETTING_SERVERS    "servers" /* URLs of remote ones */

/* Transfer full, or NULL. */
GSettings *pgm_settings_new (void);

int pgm_settings_get_int (GSettings *self, const char *key, int fallback);
gboolean pgm_settings_get_boolean (GSettings *self, const char *key, gboolean fallback);

/* Transfer full. */
char *pgm_settings_get_string (GSettings *self, const char *key, const char *fallback);

G_END_DECLS
