# cmake -DOUT=file.cpp -DDIR=migrations -DNAMES=0001_init;0002_more -P embed_migrations.cmake
#   Writes the migrations' texts into one .cpp, as raw strings.
set(text "#include \"coordinator/store/migrations.hpp\"\n\n#include <array>\n\nnamespace switchyard::store {\n")
set(rows "")
set(count 0)
foreach(name IN LISTS NAMES)
  math(EXPR count "${count} + 1")
  file(READ "${DIR}/${name}.sql" apply)
  file(READ "${DIR}/${name}.rollback.sql" roll_back)
  string(APPEND rows "    Migration{${count}, \"${name}\",\n R\"sql(${apply})sql\",\n R\"sql(${roll_back})sql\"},\n")
endforeach()
string(APPEND text "namespace {\nconstexpr std::array<Migration, ${count}> all = {\n${rows}};\n}  // namespace\n")
string(APPEND text "std::span<const Migration> migrations() { return all; }\n}  // namespace switchyard::store\n")
file(WRITE "${OUT}" "${text}")
