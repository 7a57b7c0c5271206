// Copyright (c) 2026 the webmedic.php_fpm authors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

"use strict";
// Chromium, and a page of a file in it that remembers what it asked for and what it said.
const {pathToFileURL} = require("node:url");
const {chromium} = require("playwright-core");

const start = () => chromium.launch({
  executablePath: process.env.CHROMIUM,
  // As root there is no sandbox; nothing foreign is opened.
  args: process.getuid() === 0 ? ["--no-sandbox"] : [],
});

/** A fresh page of that file. options: of a context. asked: what it loaded beside the file. said: its console. */
const open = async (browser, file, hash = "", options = {}) => {
  const context = await browser.newContext({viewport: {width: 1280, height: 900}, reducedMotion: "reduce", ...options});
  // So that a machine that is busy fails nothing.
  context.setDefaultTimeout(180000);
  const page = await context.newPage();
  const url = pathToFileURL(file).href;
  const asked = [];
  const said = [];
  page.on("request", (request) => { if (request.url().split("#")[0] !== url) asked.push(request.url()); });
  page.on("console", (message) => said.push(message.text()));
  page.on("pageerror", (error) => said.push(String(error)));
  page.on("dialog", (dialog) => { said.push("dialog " + dialog.message()); dialog.dismiss(); });
  await page.goto(url + hash);
  return {page, context, asked, said, url};
};

module.exports = {start, open};
