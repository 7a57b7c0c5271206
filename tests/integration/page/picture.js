// Copyright (c) 2026 the webmedic.php_fpm authors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

"use strict";
// picture.js PAGE DIRECTORY NAME,WIDTH,HEIGHT,light|dark|print,#LINK ...: DIRECTORY/NAME.png of each.
const path = require("node:path");
const {start, open} = require("./browser.js");

(async () => {
  const [file, directory, ...kinds] = process.argv.slice(2);
  const browser = await start();
  for (const kind of kinds) {
    const [name, width, height, scheme, hash] = kind.split(",");
    const viewport = {width: Number(width), height: Number(height)};
    const {page, context} = await open(browser, file, hash, {viewport, colorScheme: scheme === "dark" ? "dark" : "light"});
    if (scheme === "print") await page.emulateMedia({media: "print"});
    await page.screenshot({path: path.join(directory, name + ".png")});
    await context.close();
  }
  await browser.close();
})();
