/* Text for people goes through gettext: _("…") now, N_("…") later. Unlike GLib's
 * own header these keep the const of the translated text. */
#pragma once

#include "config.h"

#include <glib.h>

#define _(text)  g_dgettext (PGM_GETTEXT_DOMAIN, (text))
#define N_(text) (text)
