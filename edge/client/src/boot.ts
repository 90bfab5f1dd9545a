/**
 * Sets the remembered theme before the first paint. It is a blocking script of its own because the module
 * scripts run only after the page has been drawn once.
 */
import { applyPreferences, loadPreferences } from './preferences.ts';

applyPreferences(loadPreferences());
