#pragma once

namespace switchyard {

/// From here on no image of this process's memory, which holds keys, is written anywhere: not as a core file, and not
/// to a program that the kernel would pipe it to (which a limit of zero alone does not stop). Other processes of the
/// same user may not read its memory either. To be called first in main(). A failure is logged: it is no reason not to
/// serve.
void forbid_core_dumps();

}  // namespace switchyard
