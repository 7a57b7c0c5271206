// Copyright (c) 2026 the webmedic.php_fpm authors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

"use strict";
// measure.js PAGE: how long it takes to open and to filter, in milliseconds, until it is painted.
const {start, open} = require("./browser.js");

const painted = (page) => page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));

(async () => {
  const browser = await start();
  const warm = await open(browser, process.argv[2]);
  await warm.context.close();
  const began = Date.now();
  const {page} = await open(browser, process.argv[2]);
  await painted(page);
  const opened = Date.now() - began;
  const typed = Date.now();
  await page.locator("#find").fill("oom");
  await page.waitForFunction(() => document.getElementById("shown").textContent.includes(" of "));
  await painted(page);
  const filtered = Date.now() - typed;
  const elements = await page.evaluate(() => document.getElementsByTagName("*").length);
  console.log(JSON.stringify({opened, filtered, elements}));
  await browser.close();
})();
