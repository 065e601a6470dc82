/* A fuzz driver is one function, called with any bytes whatever: it must neither
 * crash nor leak nor run long. It keeps nothing from one call to the next. */
#pragma once

#include <glib.h>

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);
