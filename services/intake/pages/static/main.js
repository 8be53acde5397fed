// Starts what a page has use for. Every page works without this, only not live.
import { localise } from "./locale.js";
import { offerDialogs } from "./dialogs.js";
import { followImport } from "./live.js";
import { browseRecords } from "./records.js";
import { offerUpload } from "./upload.js";
import { refreshLists } from "./lists.js";

document.documentElement.classList.add("scripted");
localise(document);
offerDialogs();
offerUpload();
browseRecords();
followImport();
refreshLists();
