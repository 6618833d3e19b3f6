// Zabbix's media type of type Webhook runs this: every parameter but `url` and `token` is posted.
try {
    var fields = JSON.parse(value),
        url = String(fields.url || ''),
        token = String(fields.token || ''),
        request = new HttpRequest(),
        answer,
        status;

    if (!/^https?:\/\//.test(url) || url.indexOf('{') !== -1) {
        throw 'the parameter url is no address; set the macro {$AUTOFIX_URL}';
    }
    if (token === '' || token.indexOf('{$') === 0) {
        throw 'the parameter token is empty; set the macro {$AUTOFIX_TOKEN}';
    }
    delete fields.url;
    delete fields.token;

    request.addHeader('Content-Type: application/json');
    request.addHeader('Authorization: Bearer ' + token);
    answer = request.post(url, JSON.stringify(fields));
    status = request.getStatus();
    if (status < 200 || status > 299) {
        // Zabbix tries again as often as the media type says.
        throw 'autofix answered ' + status + ': ' + String(answer).slice(0, 300);
    }
    return 'OK';
}
catch (error) {
    Zabbix.log(3, '[autofix] ' + error);
    throw 'autofix: ' + error;
}
