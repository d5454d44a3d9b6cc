// What Django's model of a user means here, whichever way it was written out.
// Thread: any.
#pragma once

#include <string_view>

#include "migration/foreign_user.h"

namespace latchkey::migration {

/// Takes the text of the column `password`. One that is unusable (`!...`) or empty disables the user.
void take_django_password(ForeignUser& user, std::string_view password);

}  // namespace latchkey::migration
