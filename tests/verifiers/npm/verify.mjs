// Verifies records with the eddsa-jcs-2022 cryptosuite of Digital Bazaar, which knows nothing of ours.
//
// stdin:  {"didDocument": {...}, "records": [{...}, ...]}
// stdout: [{"verified": true | false, "errors": ["...", ...]}, ...], one for each record
//
// Nothing is fetched: the only documents are the DID document that was given, and the keys in it.
import {DataIntegrityProof} from '@digitalbazaar/data-integrity';
import {createVerifyCryptosuite} from '@digitalbazaar/eddsa-jcs-2022-cryptosuite';
import jsigs from 'jsonld-signatures';

let text = '';
for await (const chunk of process.stdin) {
  text += chunk;
}
const {didDocument, records} = JSON.parse(text);

async function documentLoader(url) {
  const [did, fragment] = url.split('#');
  if(did !== didDocument.id) {
    throw new Error(`not ours: ${url}`);
  }
  const document = fragment ? didDocument.verificationMethod.find(method => method.id === url) : didDocument;
  if(!document) {
    throw new Error(`no such key: ${url}`);
  }
  return {contextUrl: null, documentUrl: url, document};
}

async function verify(record) {
  const {verified, error} = await jsigs.verify(record, {
    suite: new DataIntegrityProof({cryptosuite: createVerifyCryptosuite()}),
    purpose: new jsigs.purposes.AssertionProofPurpose(),
    documentLoader
  });
  return {verified, errors: (error?.errors ?? []).map(one => one.message)};
}

console.log(JSON.stringify(await Promise.all(records.map(verify))));
