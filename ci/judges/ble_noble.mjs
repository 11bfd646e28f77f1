// Judges the virtual controllers with a second host that shares no code with the first: noble (npm
// `@stoprocent/noble`), which uses its public address and speaks H4 to a serial port.
//
//   socat PTY,link=PTY,raw,echo=0 TCP:127.0.0.1:PORT &
//   node ci/judges/ble_noble.mjs FOLDER_WITH_NODE_MODULES PTY
//
// Exit code 0 when the CGM of the example `air` was discovered, read and heard.
import { createRequire } from 'node:module';

const [folder, port] = process.argv.slice(2);
const require = createRequire(`${folder}/`);
const { withBindings } = require('@stoprocent/noble');

const fail = (message) => {
  console.log(`FAIL  7 ${message}`);
  process.exit(1);
};
const timer = setTimeout(() => fail('not done within 60 s'), 60000);

const noble = withBindings('hci', { hciDriver: 'uart', bindParams: { uart: { port } } });
const found = new Promise((resolve) => {
  noble.on('discover', (peripheral) => {
    if (peripheral.advertisement.localName === 'cgm') resolve(peripheral);
  });
});
await noble.waitForPoweredOnAsync(15000);
await noble.startScanningAsync([], true);
const peripheral = await found;
await noble.stopScanningAsync();
await peripheral.connectAsync();
const { characteristics } = await peripheral.discoverAllServicesAndCharacteristicsAsync();
let read = 0;
for (const characteristic of characteristics.filter((entry) => entry.properties.includes('read'))) {
  const value = await characteristic.readAsync();
  if (characteristic.uuid === '2a24' && value.length !== 61) fail(`long read gave ${value.length} octets`);
  read += 1;
}
const measurement = characteristics.find((entry) => entry.uuid === '2aa7');
const values = [];
const heard = new Promise((resolve) => {
  measurement.on('data', (value) => {
    values.push(value.toString('hex'));
    if (values.length === 3) resolve();
  });
});
await measurement.subscribeAsync();
await heard;
if (!values.every((value) => /^0c0368009600f4ff6200....$/.test(value))) fail(values.join(' '));
const gone = new Promise((resolve) => peripheral.once('disconnect', resolve));
await peripheral.disconnectAsync();
await gone;
clearTimeout(timer);
console.log(`PASS  7 noble with its public address: ${characteristics.length} characteristics, ${read} read, ${values.length} notifications`);
process.exit(0);
