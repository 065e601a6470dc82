/* pgmanager-gtk: the desktop. Builds store and engine and hands them in. */
#include <locale.h>

#include "config.h"

#include "app/application.h"
#include "engine/local-engine.h"
#include "store/store.h"
