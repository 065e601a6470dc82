/* What pgmanager-gtk hands to its window. */
#pragma once

#include "app/outside.h"

G_BEGIN_DECLS

extern const PgmOutside pgm_host_outside;

G_END_DECLS
